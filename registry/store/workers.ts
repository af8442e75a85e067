import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import { everyRow } from './every.ts';
import { isUuid, plainJson, plainText } from './plain.ts';
import type { ProjectStore, WorkerRow, WorkerStatus } from './project.ts';
import { Reader, type Row } from './row.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

const TABLE = 'workflow_workers';
/** Projects of one query: their ids are part of the URL. */
const CHUNK = 100;
/** Rows that are read for each project before those are asked for again whose newest row was not among them. */
const LIVES = 4;

type Workers = Pick<
  ProjectStore,
  'insertWorker' | 'moveWorker' | 'newestWorkers' | 'listWorkers' | 'listProjectWorkers'
>;

/** The table `workflow_workers`. */
export function workerTable(client: SupabaseClient): Workers {
  const newestFirst = () => {
    const all = client.from(TABLE).select('*');
    return all.order('started_at', { ascending: false }).order('id', { ascending: false });
  };

  return {
    async insertWorker(worker) {
      const now = new Date().toISOString();
      const row = {
        id: randomUUID(),
        worker_id: worker.workerId,
        project_id: worker.projectId.toLowerCase(),
        task_queue_name: worker.taskQueueName,
        status: worker.status,
        host: worker.host,
        process_id: worker.processId,
        started_at: worker.startedAt,
        last_heartbeat: worker.lastHeartbeat,
        metadata: plainJson(worker.metadata),
        slot: worker.slot,
        lease_fence: worker.leaseFence,
        created_at: now,
        updated_at: now,
      };
      settle(TABLE, await client.from(TABLE).insert(row));
      return readRow({ ...row, stopped_at: null });
    },

    async moveWorker(workerId, from, change) {
      const columns = {
        updated_at: new Date().toISOString(),
        ...(change.status !== undefined && { status: change.status }),
        ...(change.stoppedAt !== undefined && { stopped_at: change.stoppedAt }),
        ...(change.lastHeartbeat !== undefined && { last_heartbeat: change.lastHeartbeat }),
        ...(change.metadata !== undefined && { metadata: plainJson(change.metadata) }),
      };
      const row = client
        .from(TABLE)
        .update(columns)
        .filter('worker_id', 'in', same(plainText(workerId)));
      const [moved] = settle(TABLE, await row.in('status', [...from]).select('*')) ?? [];
      return moved === undefined ? null : readRow(moved);
    },

    async newestWorkers(projectIds) {
      const wanted = [...new Set(projectIds.filter(isUuid).map((id) => id.toLowerCase()))];
      const newest: WorkerRow[] = [];
      while (wanted.length > 0) {
        const some = wanted.splice(0, CHUNK);
        const limit = Math.max(CHUNK, some.length * LIVES);
        const rows = settle(TABLE, await newestFirst().in('project_id', some).limit(limit)) ?? [];
        const found = new Map<string, WorkerRow>();
        for (const row of rows.map(readRow)) if (!found.has(row.projectId)) found.set(row.projectId, row);
        newest.push(...found.values());
        // A project may have none, or its newest lies behind many rows of others.
        if (rows.length === limit) wanted.push(...some.filter((id) => !found.has(id)));
      }
      return newest;
    },

    async listWorkers(statuses) {
      const rows = await everyRow(TABLE, (from, to) =>
        newestFirst()
          .in('status', [...statuses])
          .range(from, to),
      );
      return rows.map(readRow);
    },

    async listProjectWorkers(projectId, limit) {
      if (!isUuid(projectId)) return [];
      const rows = newestFirst().eq('project_id', projectId.toLowerCase()).limit(limit);
      return (settle(TABLE, await rows) ?? []).map(readRow);
    },
  };
}

function readRow(row: Row): WorkerRow {
  const read = new Reader(TABLE, row);
  const { metadata } = row;
  return {
    id: read.text('id'),
    workerId: read.text('worker_id'),
    projectId: read.maybe('project_id') ?? '',
    taskQueueName: read.text('task_queue_name'),
    status: read.text('status') as WorkerStatus,
    host: read.maybe('host'),
    processId: read.maybe('process_id'),
    startedAt: read.time('started_at'),
    stoppedAt: read.maybeTime('stopped_at'),
    lastHeartbeat: read.maybeTime('last_heartbeat'),
    metadata: typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {},
    updatedAt: read.maybeTime('updated_at'),
    slot: read.maybeNumber('slot'),
    leaseFence: read.maybeNumber('lease_fence'),
  };
}
