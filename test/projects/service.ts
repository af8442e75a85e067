/** `cloister start` for project workers alone: processes of their own over one PostgreSQL and one Temporal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../../host/embedded/port.ts';
import { connectOrStart } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import type { Store } from '../../registry/index.ts';
import { openProject } from '../db/project.ts';
import { serveRest } from '../db/rest.ts';
import { temporaryFolder } from '../stand/project.ts';
import type { Line } from './hosted.ts';
import { storeOver } from './stores.ts';

/** A host process that serves. */
export interface Service {
  readonly process: ChildProcess;
  readonly url: string;
  /** Lines of its log. */
  readonly lines: Line[];
  /** All that it wrote. */
  readonly text: () => string;
  /** Its exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
  /** Calls it as the builder does. */
  call(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
}

/** What hosts share. */
export interface Ground extends AsyncDisposable {
  readonly store: Store;
  readonly client: Client;
  /** No client, no answer and no line may hold it. */
  readonly serviceKey: string;
  start(more?: Readonly<Record<string, string>>): Promise<Service>;
}

const ROOT = join(import.meta.dirname, '../..');

/** Opens it, or resolves to the reason why there is no PostgreSQL here. */
export async function openGround(): Promise<Ground | string> {
  await using undo = new AsyncDisposableStack();
  const project = await openProject();
  if (typeof project === 'string') return project;
  undo.use(project);
  const rest = undo.use(await serveRest(project.server));
  const folder = await temporaryFolder('service');
  undo.defer(() => folder.remove());
  const environment = readEnvironment();
  const dbFile = join(folder.path, 'temporal.db');
  const temporal = await connectOrStart({ environment, dbFile, log: () => undefined });
  undo.defer(() => temporal.close());
  const connection = await Connection.connect({ address: temporal.address });
  undo.defer(() => connection.close());
  const { url, apikey } = rest.options;
  const { PATH = '', HOME = '', CLOISTER_CACHE_DIR } = process.env;
  const env = {
    PATH,
    HOME,
    ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
    TEMPORAL_ADDRESS: temporal.address,
    NEXT_PUBLIC_SUPABASE_URL: url,
    SUPABASE_SERVICE_ROLE_KEY: rest.serviceRoleKey,
    CLOISTER_OPEN_WORKERS: 'true',
    CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
  };
  let count = 0;
  const owned = undo.move();
  return {
    store: storeOver('PostgreSQL', url, rest.serviceRoleKey, apikey).store,
    client: new Client({ connection }),
    serviceKey: rest.serviceRoleKey,
    start: async (more = {}) => {
      count += 1;
      const dataDir = join(folder.path, `data-${count}`);
      const port = String(await freePort());
      const service = await startService({ ...env, CLOISTER_DATA_DIR: dataDir, WORKER_SERVICE_PORT: port, ...more });
      owned.defer(async () => {
        service.process.kill('SIGKILL');
        await service.ended;
      });
      return service;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startService(env: Readonly<Record<string, string>>): Promise<Service> {
  const host = spawn(process.execPath, [join(ROOT, 'host/bootstrap.mjs'), 'start'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  const ended = once(host, 'exit').then(([code]) => code as number | null);
  const texts: string[] = [];
  const lines: Line[] = [];
  const serves = new Promise<true>((resolve) => {
    createInterface({ input: host.stderr }).on('line', (line) => {
      texts.push(line);
      if (line.startsWith('{')) lines.push(JSON.parse(line) as Line);
      if (line.startsWith('API on')) resolve(true);
    });
  });
  const text = (): string => texts.join('\n');
  if ((await Promise.race([serves, ended])) !== true) throw new Error(text());
  const url = `http://127.0.0.1:${env.WORKER_SERVICE_PORT}`;
  const call: Service['call'] = async (path, body) => {
    const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, body === undefined ? {} : sent);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { process: host, url, lines, text, ended, call };
}
