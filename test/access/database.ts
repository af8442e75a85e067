/** A registry's database for tests of access: the embedded one, or a real PostgreSQL. */
import { createClient } from '@supabase/supabase-js';
import { startSupabase } from '../../host/embedded/supabase.ts';
import { createStore, type Store } from '../../registry/index.ts';
import { openProject } from '../db/project.ts';
import { serveRest } from '../db/rest.ts';
import { temporaryFolder } from '../stand/project.ts';

/** A database that runs. */
export interface Database {
  readonly name: string;
  readonly store: Store;
}

const secretKey = new Uint8Array(32).fill(7);

/** Both, closed with `owned`. Where no PostgreSQL can be started, the embedded one has to do. */
export async function databases(owned: AsyncDisposableStack): Promise<readonly Database[]> {
  const { stop: _, ...embedded } = await embeddedDatabase(owned);
  const project = await openProject();
  if (typeof project === 'string') return [embedded];
  owned.use(project);
  const rest = owned.use(await serveRest(project.server));
  return [embedded, { name: 'PostgreSQL', store: open(rest.options.url, rest.serviceRoleKey) }];
}

/** The embedded one, closed with `owned`. `stop` takes it away before, as an outage would. */
export async function embeddedDatabase(owned: AsyncDisposableStack): Promise<Database & { stop(): Promise<void> }> {
  const folder = await temporaryFolder('access');
  owned.defer(() => folder.remove());
  const db = owned.use(await startSupabase({ dbFile: `${folder.path}/db.sqlite` }));
  return { name: 'embedded', store: open(db.url, db.serviceRoleKey), stop: db.close };
}

function open(url: string, serviceRoleKey: string): Store {
  return createStore({ client: createClient(url, serviceRoleKey, { auth: { persistSession: false } }), secretKey });
}
