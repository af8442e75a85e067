/** What projects are measured on: a Temporal server of the bench's own, an embedded host over it, and a way to both. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { startDevelopment } from '../../../host/development.ts';
import { connectOrStart } from '../../../host/embedded/temporal.ts';
import { openRows } from '../../../host/rows.ts';
import type { ProjectRow, Store } from '../../../registry/index.ts';
import { writeFiles } from '../../stand/project.ts';
import { ask, type Called } from '../called.ts';
import type { WorkflowOptions } from '../temporal/sides.ts';

/** Both ends of a host. `close` ends it and the server. */
export interface Stand {
  readonly api: Called;
  /** The host's database, written to as a workflow builder does. */
  readonly rows: Store;
  readonly client: Client;
  /** For workers beside those of the host. */
  readonly native: NativeConnection;
  readonly namespace: string;
  close(): Promise<void>;
}

/** Starts it. When a part does not start, what had started is ended again. */
export async function openStand({ environment, folder, progress }: WorkflowOptions): Promise<Stand> {
  await using starting = new AsyncDisposableStack();
  // Always a server of our own: somebody's may be slower.
  const own = { ...environment, temporalAddress: null };
  const dbFile = join(folder, 'projects-temporal', 'temporal.db');
  const server = await connectOrStart({ environment: own, dbFile, headless: true, log: progress });
  starting.defer(() => server.close());
  const { address, namespace } = server;
  const projectDir = join(folder, 'projects-config');
  await writeFiles(projectDir, { 'cloister.yaml': 'capabilities: [log]\n' });
  const host = await startDevelopment({
    environment: { ...environment, temporalAddress: address, temporalNamespace: namespace, logLevel: 'silent' },
    projectDir,
    dataDir: join(folder, 'projects-data'),
    port: 0,
    progress,
  });
  starting.defer(() => host.close());
  const native = await NativeConnection.connect({ address });
  starting.defer(() => native.close());
  const connection = await Connection.connect({ address });
  starting.defer(() => connection.close());
  const owned = starting.move();
  return {
    api: { url: host.url, headers: { 'content-type': 'application/json' } },
    rows: openRows(host.stack.supabase),
    client: new Client({ connection, namespace }),
    native,
    namespace,
    close: () => owned.disposeAsync(),
  };
}

/** A project with that code, written to the database; nothing has compiled it yet. Resolves to it and its workflow's id. */
export async function writeProject(
  { rows }: Stand,
  name: string,
  code: string,
): Promise<{ readonly project: ProjectRow; readonly workflow: string }> {
  const project = await rows.createProject({ name, tenant: 'bench' });
  const { id } = await rows.saveProjectWorkflow({
    projectId: project.id,
    name: 'flow',
    status: 'active',
    ...text(code),
  });
  return { project, workflow: id };
}

/** Code as the column has it. */
export function text(code: string): { readonly compiledTypescript: string } {
  return { compiledTypescript: JSON.stringify({ workflow_code: code }) };
}

/** Asks the host to start the worker of a project; resolves when that polls. */
export function startWorker({ api }: Stand, projectId: string): Promise<unknown> {
  return ask(api, '/workers/start', { method: 'POST', body: JSON.stringify({ projectId }) });
}

/** Asks the host to stop it; resolves when it has. */
export function stopWorker({ api }: Stand, projectId: string): Promise<unknown> {
  return ask(api, '/workers/stop', { method: 'POST', body: JSON.stringify({ projectId }) });
}
