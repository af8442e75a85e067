/** A Supabase project on a real PostgreSQL, with Cloister's migrations: what a production host is given. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { PLATFORM } from './rest.ts';
import { type PostgresServer, startPostgres } from './server.ts';

/** The server with a connection of the superuser. */
export interface Project extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly admin: postgres.Sql;
}

const FOLDER = join(import.meta.dirname, '../../registry/migrations');

/** Starts one, with further tables if wanted; or resolves to the reason why none can be started here. */
export async function openProject(tables = ''): Promise<Project | string> {
  const server = await startPostgres();
  if (typeof server === 'string') return server;
  const admin = postgres({ ...server.reach('postgres'), max: 2, onnotice: () => {} });
  const close = async () => {
    await admin.end();
    await server[Symbol.asyncDispose]();
  };
  try {
    await admin.unsafe(PLATFORM);
    const files = await Array.fromAsync(glob('*.sql', { cwd: FOLDER }));
    for (const file of files.sort()) await admin.unsafe(await readFile(join(FOLDER, file), 'utf8'));
    await admin.unsafe(tables);
  } catch (error) {
    await close();
    throw error;
  }
  return { server, admin, [Symbol.asyncDispose]: close };
}
