import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import { digestOf } from '../canonical.ts';
import { StoreError } from './error.ts';
import { everyRow } from './every.ts';
import { isUuid, plainJson, plainText } from './plain.ts';
import type { CompiledCodes, CompiledRow, ProjectStore, ProjectWorkflowRow, WorkflowWrite } from './project.ts';
import { Reader, type Row } from './row.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

const TABLE = 'workflows';
const STATUSES = 'workflow_statuses';
const COMPILED = 'compiled_workflows';
/** Rows of one answer: a workflow's code may be a megabyte. */
const PAGE = 20;
/** Flags that are cleared at once: ids are part of the URL. */
const FLAGS = 100;

type Workflows = Pick<
  ProjectStore,
  | 'listProjectWorkflows'
  | 'listActiveWorkflows'
  | 'getProjectWorkflow'
  | 'saveProjectWorkflow'
  | 'recordCompilation'
  | 'listCompilations'
>;

/** Digest of a compilation: `sha256:` and the hex digest of the canonical JSON of its three codes. */
export function compilationDigest({ workflowCode, activitiesCode, workerCode }: CompiledCodes): string {
  return `sha256:${digestOf({ workflow_code: workflowCode, activities_code: activitiesCode, worker_code: workerCode })}`;
}

/** The tables `workflow_statuses`, `workflows` and `compiled_workflows`. */
export function workflowTables(client: SupabaseClient): Workflows {
  /** Names by id. */
  const statuses = async (): Promise<ReadonlyMap<string, string>> => {
    const rows: readonly Row[] = settle(STATUSES, await client.from(STATUSES).select('id,name')) ?? [];
    return new Map(rows.map((row) => [String(row.id), String(row.name)]));
  };

  const statusId = async (name: string): Promise<string | null> => {
    const found = await client.from(STATUSES).select('id').filter('name', 'in', same(name)).limit(1);
    const [row] = settle(STATUSES, found) ?? [];
    return row === undefined ? null : String(row.id);
  };

  /** A builder need not have each of our names. */
  const needStatus = async (name: string): Promise<string> => {
    const id = await statusId(name);
    if (id !== null) return id;
    const once = { onConflict: 'name', ignoreDuplicates: true };
    settle(STATUSES, await client.from(STATUSES).upsert({ id: randomUUID(), name }, once));
    const made = await statusId(name);
    if (made === null) throw new StoreError('STORE_UNAVAILABLE', `table ${STATUSES}: cannot hold ${name}`);
    return made;
  };

  const withStatus = async (rows: readonly Row[]): Promise<readonly ProjectWorkflowRow[]> => {
    if (rows.length === 0) return [];
    const names = await statuses();
    return rows.map((row) => readRow(row, names.get(String(row.status_id)) ?? null));
  };

  const columnsOf = async (workflow: WorkflowWrite, now: string): Promise<Row> => {
    const { name, kebabName, status, isActive, definition, compiledTypescript: code } = workflow;
    const columns = {
      name: plainText(name),
      kebab_name: typeof kebabName === 'string' ? plainText(kebabName) : kebabName,
      status_id: status === undefined ? undefined : await needStatus(status),
      is_active: isActive,
      definition: definition === undefined ? undefined : plainJson(definition),
      compiled_typescript: typeof code === 'string' ? plainText(code) : code,
      compiled_at: code === undefined ? undefined : code === null ? null : now,
      updated_at: now,
    };
    return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
  };

  return {
    async listProjectWorkflows(projectId) {
      if (!isUuid(projectId)) return [];
      const rows = await everyRow(
        TABLE,
        (from, to) =>
          client.from(TABLE).select('*').eq('project_id', projectId.toLowerCase()).order('id').range(from, to),
        PAGE,
      );
      return withStatus(rows);
    },

    async listActiveWorkflows(projectId) {
      const active = isUuid(projectId) ? await statusId('active') : null;
      if (active === null) return [];
      const rows = await everyRow(
        TABLE,
        (from, to) => {
          const own = client.from(TABLE).select('*').eq('project_id', projectId.toLowerCase()).eq('status_id', active);
          const loaded = own.not('compiled_typescript', 'is', null).not('is_active', 'is', false);
          return loaded.order('id').range(from, to);
        },
        PAGE,
      );
      return rows.map((row) => readRow(row, 'active'));
    },

    async getProjectWorkflow(id) {
      if (!isUuid(id)) return null;
      const found = await client.from(TABLE).select('*').eq('id', id.toLowerCase()).limit(1);
      return (await withStatus(settle(TABLE, found) ?? []))[0] ?? null;
    },

    async saveProjectWorkflow(workflow) {
      const now = new Date().toISOString();
      const columns = await columnsOf(workflow, now);
      const id = (workflow.id ?? randomUUID()).toLowerCase();
      const projectId = workflow.projectId.toLowerCase();
      const change = client.from(TABLE).update(columns).eq('id', id).eq('project_id', projectId);
      const changed = workflow.id === undefined ? [] : (settle(TABLE, await change.select('*')) ?? []);
      if (changed.length > 0) return one(await withStatus(changed), id);
      const row = { is_active: true, ...columns, id, project_id: projectId, created_at: now };
      const draft = 'status_id' in row ? row : { ...row, status_id: await statusId('draft') };
      const once = { onConflict: 'id', ignoreDuplicates: true };
      return one(await withStatus(settle(TABLE, await client.from(TABLE).upsert(draft, once).select('*')) ?? []), id);
    },

    async recordCompilation(workflowId, codes, version) {
      const row = {
        id: randomUUID(),
        workflow_id: workflowId.toLowerCase(),
        version,
        workflow_code: plainText(codes.workflowCode),
        activities_code: plainText(codes.activitiesCode),
        worker_code: plainText(codes.workerCode),
        is_active: true,
        digest: compilationDigest(codes),
        created_at: new Date().toISOString(),
      };
      settle(COMPILED, await client.from(COMPILED).insert(row));
      // Whoever is the last to ask sees every row, so that of those that are recorded at once one stays: the newest.
      const flagged = client.from(COMPILED).select('id,created_at').eq('workflow_id', row.workflow_id);
      const newestFirst = flagged.eq('is_active', true).order('created_at', { ascending: false, nullsFirst: false });
      const [newest, ...older] = settle(COMPILED, await newestFirst.order('id', { ascending: false })) ?? [];
      const doomed = older.slice(0, FLAGS).map(({ id }) => String(id));
      if (doomed.length > 0)
        settle(COMPILED, await client.from(COMPILED).update({ is_active: false }).in('id', doomed));
      return readCompiled({ ...row, is_active: newest?.id === row.id });
    },

    async listCompilations(workflowId) {
      if (!isUuid(workflowId)) return [];
      const rows = await everyRow(COMPILED, (from, to) => {
        const history = client.from(COMPILED).select('id,workflow_id,version,is_active,digest,created_at');
        const own = history.eq('workflow_id', workflowId.toLowerCase());
        const newest = own.order('created_at', { ascending: false, nullsFirst: false });
        return newest.order('id', { ascending: false }).range(from, to);
      });
      return rows.map(readCompiled);
    },
  };
}

function one(rows: readonly ProjectWorkflowRow[], id: string): ProjectWorkflowRow {
  const [row] = rows;
  if (row === undefined) throw new StoreError('ID_TAKEN', `workflow ${id}: is another project's`);
  return row;
}

function readRow(row: Row, status: string | null): ProjectWorkflowRow {
  const read = new Reader(TABLE, row);
  return {
    id: read.text('id'),
    projectId: read.text('project_id'),
    name: read.text('name'),
    kebabName: read.maybe('kebab_name'),
    status,
    isActive: read.flag('is_active', true),
    definition: row.definition ?? null,
    compiledTypescript: read.maybe('compiled_typescript'),
    compiledAt: read.maybeTime('compiled_at'),
    createdAt: read.maybeTime('created_at'),
    updatedAt: read.maybeTime('updated_at'),
  };
}

function readCompiled(row: Row): CompiledRow {
  const read = new Reader(COMPILED, row);
  return {
    id: read.text('id'),
    workflowId: read.text('workflow_id'),
    version: read.maybe('version'),
    isActive: read.flag('is_active', false),
    digest: read.maybe('digest'),
    createdAt: read.maybeTime('created_at'),
  };
}
