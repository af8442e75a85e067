/** An API for tests over real parts, with a Temporal and a FHIR server that are down: access comes before both. */
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import type { Access } from '../../host/api/access.ts';
import { type Api, type ApiOptions, startApi } from '../../host/api/server.ts';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { freePort } from '../../host/embedded/port.ts';
import { PlanShelf } from '../../host/plans.ts';
import { Runs } from '../../host/runs/index.ts';
import { TenantSeparation } from '../../host/separation.ts';
import { createFileStore } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

/** Starts APIs over one project, whose workflow is `hello`. The sandbox has a cell of the tenant `org-secret`. */
export interface ApiStand extends AsyncDisposable {
  /** Parts that are not given are not there. */
  start(access: Access, more?: Partial<ApiOptions>): Promise<Api>;
}

/** Makes the parts. */
export async function apiStand(): Promise<ApiStand> {
  await using making = new AsyncDisposableStack();
  const log = pino({ level: 'silent' });
  const folder = await temporaryFolder('api');
  making.defer(() => folder.remove());
  const files = workflow('hello', { rootChildren: ['hi'], activities: [{ id: 'hi', script: './activities/hi.ts' }] });
  await writeFiles(folder.path, { ...script('hi', 'return 1;'), ...files });
  const sandbox = createSandbox({});
  making.defer(() => sandbox.close());
  const shelf = await PlanShelf.open({
    project: { kind: 'working-tree', dir: folder.path },
    store: createFileStore(`${folder.path}/code`),
    plugins: null,
    builtInDir: null,
    payloadMaxBytes: 1000,
    unscopedRuns: 'allow',
    separation: new TenantSeparation(async () => ({ ok: true, asked: true, reason: null }), log),
    build: sandbox.build.bind(sandbox),
    progress: () => undefined,
    log,
  });
  const nowhere = `127.0.0.1:${await freePort()}`;
  const connection = Connection.lazy({ address: nowhere });
  making.defer(() => connection.close());
  const fhir = createFhirCapability({ baseUrl: `http://${nowhere}`, mode: 'none', auth: null });
  making.defer(async () => fhir.close?.());
  await sandbox.warm('org-secret');
  const parts = {
    shelf,
    runs: new Runs(new Client({ connection }), fhir.host),
    ward: null,
    plugins: null,
    webhooks: null,
    repository: null,
    unscopedRuns: 'allow',
    appSecret: null,
    triggers: null,
    schedules: null,
    chores: null,
    operations: null,
    limits: null,
    keys: null,
    projects: null,
    projectCode: null,
    projectRuns: null,
    projectQueues: null,
    doctor: null,
    rows: null,
    checks: new Map([['fhir', () => fhir.host.ping()]]),
    load: () => ({ sandbox: sandbox.stats(), waiting: 7 }),
  } as const;
  const owned = making.move();
  return {
    start: async (access, more = {}) => {
      const api = await startApi({ ...parts, address: '127.0.0.1', port: 0, log, access, ...more });
      owned.defer(() => api.close());
      return api;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
