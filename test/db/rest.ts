/** PostgREST for tests over a real PostgreSQL: @supabase/lite on the server's socket, as Supabase's own role `authenticator`. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { App, generateApiKey, SUPABASE_AUTH_HELPERS_SQL } from '@supabase/lite';
import { createPostgresConnection } from '@supabase/lite/postgres';
import type { DbOptions } from '../../host/broker/db.ts';
import type { PostgresServer } from './server.ts';

/** What a Supabase project has before the first migration. Run it as superuser. */
export const PLATFORM = `
create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls;
create role authenticator login; grant anon, authenticated, service_role to authenticator;
alter role authenticated set statement_timeout = '8s';
${SUPABASE_AUTH_HELPERS_SQL}
grant usage on schema public, auth to anon, authenticated, service_role;
grant execute on all functions in schema auth to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
`;

/** How a REST server reaches its database. */
export interface RestOptions {
  /** The role that connects; default `authenticator`. */
  readonly user?: string;
  /** Open connections; default 4. */
  readonly pool?: number;
  /** Milliseconds of one statement, as the role's own setting would be with PostgREST; default 8,000. */
  readonly statementMs?: number;
}

/** A REST server with what the capability is given, and the key of the service role. */
export interface Rest extends AsyncDisposable {
  readonly options: DbOptions & { readonly jwtSecret: string };
  readonly serviceRoleKey: string;
}

/** Serves the database on 127.0.0.1. */
export async function serveRest(server: PostgresServer, options: RestOptions = {}): Promise<Rest> {
  const { user = 'authenticator', pool = 4, statementMs = 8000 } = options;
  const jwtSecret = 's'.repeat(40);
  const apikey = (await generateApiKey('publishable')).key;
  const serviceRoleKey = (await generateApiKey('secret')).key;
  const connection = createPostgresConnection({
    url: '',
    postgresOptions: {
      ...server.reach(user),
      max: pool,
      onnotice: () => {},
      connection: { statement_timeout: statementMs },
    },
  });
  // lite would make the roles and grant them every table, which is the platform's business and no right of this role.
  Object.assign(connection, { rlsState: 'active' });
  const app = new App({
    connection,
    auth: { enabled: false, jwt_secret: jwtSecret, publishable_key: apikey, secret_key: serviceRoleKey },
    options: { server: { admin: false, disableStudio: true, disableFallback: true } },
  });
  const quiet = quietly();
  const http = createServer(
    getRequestListener((request) => quiet.run(async () => withState(await app.fetch(request))), {
      overrideGlobalObjects: false,
    }),
  );
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    options: { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, apikey, jwtSecret },
    serviceRoleKey,
    [Symbol.asyncDispose]: async () => {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
      await connection.close();
      quiet.end();
    },
  };
}

/** PostgREST passes every SQLSTATE on, with status 500 for this one; lite has a code of its own there. */
async function withState(response: Response): Promise<Response> {
  if (response.status !== 500) return response;
  const body = (await response.json()) as { message?: string };
  if (!/statement timeout/.test(body.message ?? '')) return Response.json(body, { status: 500 });
  return Response.json({ code: '57014', message: body.message, details: null, hint: null }, { status: 500 });
}

/** lite prints every refused statement; a test that refuses thousands wants none of it. */
function quietly() {
  const inside = new AsyncLocalStorage<true>();
  const before = console.error;
  const filtered = (...line: unknown[]) => {
    if (!inside.getStore()) before(...line);
  };
  console.error = filtered;
  return {
    run: <T>(work: () => T): T => inside.run(true, work),
    end: () => {
      if (console.error === filtered) console.error = before;
    },
  };
}
