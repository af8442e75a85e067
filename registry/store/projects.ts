import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { Declaration } from '../plan.ts';
import { componentTable } from './components.ts';
import { StoreError } from './error.ts';
import { everyRow } from './every.ts';
import { leaseTable } from './leases.ts';
import { isUuid, plainJson, plainText } from './plain.ts';
import type { NewProject, ProjectChange, ProjectRow, ProjectStore } from './project.ts';
import { kebab, queueNames, queueProblem, queueTaken } from './queue.ts';
import { Reader, type Row } from './row.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';
import { workerTable } from './workers.ts';
import { workflowTables } from './workflows.ts';

const TABLE = 'projects';
/** What PostgreSQL and PostgREST say when a unique column has the value already. */
const TAKEN = '23505';

type Projects = Pick<
  ProjectStore,
  'createProject' | 'getProject' | 'findProjectByQueue' | 'listProjects' | 'listWantedProjects' | 'changeProject'
>;

/** The tables of project workers. */
export function projectTables(client: SupabaseClient): ProjectStore {
  return {
    ...projectTable(client),
    ...workflowTables(client),
    ...componentTable(client),
    ...workerTable(client),
    ...leaseTable(client),
  };
}

function projectTable(client: SupabaseClient): Projects {
  const getProject = async (id: string): Promise<ProjectRow | null> => {
    if (!isUuid(id)) return null;
    const [row] = settle(TABLE, await client.from(TABLE).select('*').eq('id', id.toLowerCase()).limit(1)) ?? [];
    return row === undefined ? null : readRow(row);
  };

  const findProjectByQueue = async (queue: string): Promise<ProjectRow | null> => {
    const found = client.from(TABLE).select('*').filter('task_queue_name', 'in', same(queue));
    const [row] = settle(TABLE, await found.limit(1)) ?? [];
    return row === undefined ? null : readRow(row);
  };

  /** Null when another project has the queue. */
  const insert = async (row: Row, queue: string): Promise<ProjectRow | null> => {
    const once = { onConflict: 'task_queue_name', ignoreDuplicates: true };
    const answer = await client
      .from(TABLE)
      .upsert({ ...row, task_queue_name: queue }, once)
      .select('*');
    if (answer.error?.code === TAKEN) throw new StoreError('ID_TAKEN', `project ${String(row.id)}: is there already`);
    const [made] = settle(TABLE, answer) ?? [];
    return made === undefined ? null : readRow(made);
  };

  return {
    getProject,
    findProjectByQueue,

    async createProject(project) {
      const row = newRow(project);
      const { id, name, userId, taskQueueName: own } = { userId: null, ...project, id: String(row.id) };
      if (own !== undefined) {
        const problem = queueProblem(own, id);
        if (problem !== null) throw problem;
        const made = await insert(row, own);
        if (made === null) throw queueTaken(own, id);
        return made;
      }
      for (const queue of queueNames(userId ?? id, name)) {
        const made = queueProblem(queue, id) === null ? await insert(row, queue) : null;
        if (made !== null) return made;
      }
      throw new Error('names of queues do not end');
    },

    async listProjects(tenant) {
      const rows = await everyRow(TABLE, (from, to) => {
        const all = client.from(TABLE).select('*');
        const owned = tenant === undefined ? all : all.filter('tenant_id', 'in', same(tenant));
        return owned.order('name').order('id').range(from, to);
      });
      return rows.map(readRow);
    },

    async listWantedProjects() {
      const rows = await everyRow(TABLE, (from, to) => {
        const wanted = client.from(TABLE).select('*').eq('worker_desired', 'running').not('is_active', 'is', false);
        return wanted.order('id').range(from, to);
      });
      return rows.map(readRow);
    },

    async changeProject(id, change) {
      if (!isUuid(id)) return null;
      const { taskQueueName: queue } = change;
      const problem = queue === undefined ? null : queueProblem(queue, id);
      if (problem !== null) throw problem;
      const answer = await client.from(TABLE).update(columnsOf(change)).eq('id', id.toLowerCase()).select('*');
      if (queue !== undefined && answer.error?.code === TAKEN) throw queueTaken(queue, id);
      const [row] = settle(TABLE, answer) ?? [];
      return row === undefined ? null : readRow(row);
    },
  };
}

function newRow(project: NewProject): Row {
  const { id = randomUUID(), name, tenant, userId = null } = project;
  const { workerSlots = 1, autoRestart = true, activities = 'pinned', declaration = null } = project;
  const row = columnsOf({ name, workerSlots, autoRestart, activities, declaration });
  const owner = { tenant_id: plainText(tenant), user_id: userId?.toLowerCase() ?? null };
  return { ...row, ...owner, id: id.toLowerCase(), created_at: row.updated_at };
}

function columnsOf(change: ProjectChange): Row {
  const { name, taskQueueName, workerDesired, workerSlots, autoRestart, isActive, activities, declaration } = change;
  const columns = {
    name: name === undefined ? undefined : plainText(name),
    kebab_name: name === undefined ? undefined : kebab(name),
    task_queue_name: taskQueueName,
    worker_desired: workerDesired,
    worker_slots: workerSlots,
    auto_restart: autoRestart,
    is_active: isActive,
    activities,
    declaration: declaration === undefined ? undefined : plainJson(declaration),
    updated_at: new Date().toISOString(),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/** Columns of a row that the builder wrote may be empty: its owner is then its tenant, who is granted nothing by that. */
function readRow(row: Row): ProjectRow {
  const read = new Reader(TABLE, row);
  const userId = read.maybe('user_id');
  const name = read.maybe('name') ?? '';
  const never = new Date(0).toISOString();
  return {
    id: read.text('id'),
    name,
    kebabName: read.maybe('kebab_name') ?? kebab(name),
    taskQueueName: read.maybe('task_queue_name') ?? '',
    userId,
    tenant: read.maybe('tenant_id') ?? userId ?? `project:${read.text('id')}`,
    workerDesired: row.worker_desired === 'running' ? 'running' : 'stopped',
    workerSlots: Math.max(1, read.maybeNumber('worker_slots') ?? 1),
    autoRestart: read.flag('auto_restart', true),
    isActive: read.flag('is_active', true),
    activities: row.activities === 'latest' ? 'latest' : 'pinned',
    declaration: (row.declaration ?? null) as Declaration | null,
    createdAt: read.maybeTime('created_at') ?? never,
    updatedAt: read.maybeTime('updated_at') ?? never,
  };
}
