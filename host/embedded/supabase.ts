import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { chmod, mkdir, open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from '@supabase/lite';
import { createConnection } from '@supabase/lite/sqlite';
import { guardRows } from './supabase/guard.ts';
import { loadKeys } from './supabase/keys.ts';
import { listener } from './supabase/listener.ts';
import { migrate } from './supabase/migrate.ts';

const baseMigrations = fileURLToPath(new URL('../../registry/migrations/', import.meta.url));

/** What `startSupabase` needs. */
export interface SupabaseOptions {
  /** The SQLite file; its folder is made when missing. The keys are kept next to it, in `<dbFile>.keys.json` (mode 0600). */
  readonly dbFile: string;
  /** Port on 127.0.0.1; default 0, any free one. */
  readonly port?: number;
  /** Folders of further `*.sql` migrations, run after Cloister's own. File names must not repeat. */
  readonly migrations?: readonly string[];
}

/** A running embedded Supabase: `createClient(url, serviceRoleKey)` of supabase-js works as it is. */
export interface EmbeddedSupabase extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; only `/rest/v1/*` answers. */
  readonly url: string;
  /** Bypasses row-level security. For the host's own stores, never for a script's calls. */
  readonly serviceRoleKey: string;
  readonly anonKey: string;
  /** HS256 secret of the tokens that name a tenant. */
  readonly jwtSecret: string;
  /** Ends the listener with its connections, then the database. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts Supabase on one SQLite file, inside this process. Open one file from one process only.
 *
 * Throws when a migration that was applied has changed since, or when one fails (nothing of it is kept).
 */
export async function startSupabase(options: SupabaseOptions): Promise<EmbeddedSupabase> {
  const dbFile = path.resolve(options.dbFile);
  await ownFile(dbFile);
  const keys = await loadKeys(`${dbFile}.keys.json`);
  await using undo = new AsyncDisposableStack();
  const quiet = undo.use(silenceConsole());
  const connection = createConnection({ url: `file:${dbFile}`, maxBoundParameters: 30_000 });
  undo.defer(() => connection.close());
  connection.driver.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000');
  await migrate(connection, [baseMigrations, ...(options.migrations ?? [])]);
  guardRows(connection);
  const app = new App({
    connection,
    api: { max_rows: 10_000 },
    auth: {
      enabled: false,
      jwt_secret: keys.jwtSecret,
      publishable_key: keys.anonKey,
      secret_key: keys.serviceRoleKey,
    },
    options: { server: { admin: false, disableStudio: true, disableFallback: true } },
  });
  const server = createServer(listener((request, context) => quiet.run(() => app.fetch(request, context))));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  undo.defer(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const open = undo.move();
  const close = () => open.disposeAsync();
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, ...keys, close, [Symbol.asyncDispose]: close };
}

/** The file holds every tenant's rows: no other user of the machine may read it, nor what SQLite puts beside it. */
async function ownFile(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await (await open(file, 'a', 0o600)).close();
  await chmod(file, 0o600);
}

/**
 * lite prints every failed statement with its text to the console. What a script mistypes must not fill the host's log, so
 * within `run`, and only there, `console.error` says nothing.
 */
function silenceConsole(): Disposable & { run<T>(work: () => T): T } {
  const inside = new AsyncLocalStorage<true>();
  const before = console.error;
  const filtered = (...line: unknown[]) => {
    if (inside.getStore() === undefined) before(...line);
  };
  console.error = filtered;
  return {
    run: (work) => inside.run(true, work),
    [Symbol.dispose]() {
      if (console.error === filtered) console.error = before;
    },
  };
}
