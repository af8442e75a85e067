import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import { StoreError } from './error.ts';
import { everyRow } from './every.ts';
import { isUuid, plainText } from './plain.ts';
import type { ComponentRow, ProjectStore } from './project.ts';
import { Reader, type Row } from './row.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

const TABLE = 'components';
/** Values of one `in`: they are part of the URL. */
const CHUNK = 100;
/** Rows of one answer: a component's code may be large. */
const PAGE = 100;

type Components = Pick<
  ProjectStore,
  'listComponents' | 'listComponentsByName' | 'listProjectComponents' | 'saveComponent'
>;

/** The table `components`. */
export function componentTable(client: SupabaseClient): Components {
  return {
    async listComponents(ids) {
      const wanted = [...new Set(ids.filter(isUuid).map((id) => id.toLowerCase()))];
      const rows: Row[] = [];
      for (const some of chunks(wanted)) {
        const found = (from: number, to: number) =>
          client.from(TABLE).select('*').in('id', some).order('id').range(from, to);
        rows.push(...(await everyRow(TABLE, found, PAGE)));
      }
      return rows.map(readRow);
    },

    async listComponentsByName(projectId, names) {
      if (!isUuid(projectId)) return [];
      const rows: Row[] = [];
      for (const some of chunks([...new Set(names)])) {
        const found = (from: number, to: number) => {
          const named = client
            .from(TABLE)
            .select('*')
            .filter('name', 'in', same(...some));
          const callable = named.or(`project_id.is.null,project_id.eq.${projectId.toLowerCase()}`);
          return callable.order('id').range(from, to);
        };
        rows.push(...(await everyRow(TABLE, found, PAGE)));
      }
      return rows.map(readRow);
    },

    async listProjectComponents(projectId) {
      if (!isUuid(projectId)) return [];
      const own = (from: number, to: number) =>
        client.from(TABLE).select('*').eq('project_id', projectId.toLowerCase()).order('id').range(from, to);
      return (await everyRow(TABLE, own, PAGE)).map(readRow);
    },

    async saveComponent({ id: given, projectId, name, code, language, isActive, version }) {
      const now = new Date().toISOString();
      const columns = {
        name: plainText(name),
        implementation_code: plainText(code),
        updated_at: now,
        ...(language !== undefined && { implementation_language: language }),
        ...(isActive !== undefined && { is_active: isActive }),
        ...(version !== undefined && { version }),
      };
      const id = (given ?? randomUUID()).toLowerCase();
      const owner = projectId?.toLowerCase() ?? null;
      const change = client.from(TABLE).update(columns).eq('id', id);
      const own = owner === null ? change.is('project_id', null) : change.eq('project_id', owner);
      const [changed] = given === undefined ? [] : (settle(TABLE, await own.select('*')) ?? []);
      if (changed !== undefined) return readRow(changed);
      const row = { is_active: true, ...columns, id, project_id: owner, created_at: now };
      const once = { onConflict: 'id', ignoreDuplicates: true };
      const [made] = settle(TABLE, await client.from(TABLE).upsert(row, once).select('*')) ?? [];
      if (made === undefined) throw new StoreError('ID_TAKEN', `component ${id}: is another project's`);
      return readRow(made);
    },
  };
}

function* chunks(values: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < values.length; from += CHUNK) yield values.slice(from, from + CHUNK);
}

function readRow(row: Row): ComponentRow {
  const read = new Reader(TABLE, row);
  return {
    id: read.text('id'),
    name: read.maybe('name') ?? '',
    code: read.maybe('implementation_code'),
    language: read.maybe('implementation_language'),
    isActive: read.flag('is_active', false),
    projectId: read.maybe('project_id'),
    version: read.maybe('version'),
    updatedAt: read.maybeTime('updated_at'),
  };
}
