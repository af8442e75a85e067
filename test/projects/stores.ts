/** The stores that tests of project workers are run on: the embedded database, and a PostgreSQL where one can be started. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { startSupabase } from '../../host/embedded/supabase.ts';
import { createStore, type Store } from '../../registry/index.ts';
import { openProject } from '../db/project.ts';
import { serveRest } from '../db/rest.ts';

/** One database with the store over it. */
export interface TestStore {
  readonly name: 'embedded' | 'PostgreSQL';
  readonly store: Store;
  /** URLs that the store asked for, without the host. */
  readonly asked: readonly string[];
  /** Puts work of others before the next change of a row that the store asks for. */
  interrupt(work: () => Promise<unknown>): void;
  /** With the key of the service role, and with a key that may do nothing. */
  readonly client: SupabaseClient;
  readonly stranger: SupabaseClient;
}

/** Opens all that can be opened here. */
export async function openStores(): Promise<AsyncDisposable & { readonly stores: readonly TestStore[] }> {
  await using undo = new AsyncDisposableStack();
  const dir = await mkdtemp(path.join(tmpdir(), 'cloister-projects-'));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  const db = undo.use(await startSupabase({ dbFile: path.join(dir, 'db.sqlite') }));
  const stores = [storeOver('embedded', db.url, db.serviceRoleKey, db.anonKey)];
  const project = await openProject();
  if (typeof project === 'string') console.log(`without PostgreSQL: ${project}`);
  else {
    undo.use(project);
    const rest = undo.use(await serveRest(project.server));
    stores.push(storeOver('PostgreSQL', rest.options.url, rest.serviceRoleKey, rest.options.apikey));
  }
  const open = undo.move();
  return { stores, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** The store over a Supabase that runs. */
export function storeOver(name: TestStore['name'], url: string, key: string, anyKey: string): TestStore {
  const auth = { persistSession: false, autoRefreshToken: false };
  const asked: string[] = [];
  let before: (() => Promise<unknown>) | null = null;
  const record: typeof fetch = async (input, init) => {
    asked.push(decodeURIComponent(String(input).slice(url.length)));
    if (init?.method === 'PATCH') {
      const work = before;
      before = null;
      await work?.();
    }
    return fetch(input, init);
  };
  return {
    name,
    asked,
    interrupt: (work) => {
      before = work;
    },
    store: createStore({ client: createClient(url, key, { auth, global: { fetch: record } }) }),
    client: createClient(url, key, { auth }),
    stranger: createClient(url, anyKey, { auth }),
  };
}
