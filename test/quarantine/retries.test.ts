// timeout: 150
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAILURES, type FailureCode } from '../../host/codes.ts';
import { readEnvironment } from '../../host/env.ts';
import { openDataFolder } from '../../host/folder.ts';
import { type Host, startHost } from '../../host/host.ts';
import { openRows } from '../../host/rows.ts';
import type { ActivityView } from '../../host/runs/view.ts';
import { startStack } from '../../host/stack.ts';
import { developmentTenants } from '../../host/tenants.ts';
import { createFileStore } from '../../registry/index.ts';
import { descendants } from '../durability/processes.ts';
import { activityOf } from '../stand/host.ts';
import { PLAIN } from '../stand/plain.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

const test = suite('retries, by the code of the failure');
const owned = new AsyncDisposableStack();
const TENANT = 'org-1';
const USES = "import { db, fhir, http } from 'cloister';";
let host: Host;

/** A workflow of one activity that may be tried three times. */
const one = (id: string, more: Readonly<Record<string, unknown>> = {}) => {
  const retried = { retries: 2, backoff: { initial: '1s', coefficient: 1, max: '1s' }, timeout: '20s' };
  const activity = { id: 'it', script: `./activities/${id}.ts`, ...retried, ...more };
  return workflow(id, { rootChildren: ['it'], activities: [activity] });
};

const QUERY =
  'return $cloister.call("db.request", { target: { table: "notes" }, method: "GET", query: [], headers: {} });';

/** Code → the script that ends so. The name of each workflow is its code in small letters. */
const BODIES: Readonly<Record<string, readonly [body: string, more?: Readonly<Record<string, unknown>>]>> = {
  SCRIPT_ERROR: ['throw new Error("no");'],
  SCRIPT_WALL: ['await new Promise((done) => setTimeout(done, 9_000)); return 1;', { limits: { wallMs: 500 } }],
  SCRIPT_CPU: ['for (;;) {}', { limits: { cpuMs: 200 } }],
  SCRIPT_MEMORY: ['const kept = []; for (;;) kept.push(new Array(1e5).fill(1.5));', { limits: { heapMb: 16 } }],
  SCRIPT_KILLED: ['console.log("kill me"); await new Promise((done) => setTimeout(done, 9_000)); return 1;'],
  RESULT_NOT_JSON: ['return () => 1;'],
  RESULT_TOO_LARGE: ['return "x".repeat(2 ** 21);'],
  TOO_DEEP: ['let deep: any = 1; for (let n = 0; n < 1_000; n++) deep = [deep]; return deep;'],
  CAPABILITY_REFUSED: ['await http.fetch("https://not-on-the-list.example/"); return 1;'],
  FHIR_UNAVAILABLE: ['await fhir.read("Patient", "unavailable"); return 1;'],
  // The query builder makes its `error` of it; here it is left uncaught.
  DB_UNAVAILABLE: [QUERY],
  TENANT_REFUSED: [QUERY],
  HTTP_UNAVAILABLE: ['await http.fetch("http://127.9.9.9:1/"); return 1;'],
};

const nameOf = (code: string): string => code.toLowerCase().replaceAll('_', '-');

const FILES = {
  ...Object.fromEntries(
    Object.entries(BODIES).flatMap(([code, [body, more]]) =>
      Object.entries({
        ...script(nameOf(code), body, `${USES} declare const $cloister: any;`),
        ...one(nameOf(code), more),
      }),
    ),
  ),
  'activities/main-missing.ts': 'export const description = "x";',
  ...one('main-missing'),
  ...script('build-failed', 'return missing;', "import missing from 'no-such-package';"),
  ...one('build-failed'),
  ...script('wide', 'return "x".repeat(600_000);'),
  ...script('params-too-large', 'return 1;'),
  ...workflow('params-too-large', {
    rootChildren: ['wide'],
    activities: [
      { id: 'wide', script: './activities/wide.ts', children: ['it'] },
      {
        ...{ id: 'it', script: './activities/params-too-large.ts', retries: 2 },
        params: { one: '$activities.wide.output', two: '$activities.wide.output' },
      },
    ],
  }),
  ...workflow('params-invalid', {
    rootChildren: ['it'],
    activities: [
      { id: 'it', childWorkflow: 'result-not-json', retries: 2, params: { _workflowId: 'temporal-sys-schedule' } },
    ],
  }),
  'cloister.yaml':
    'capabilities: [fhir, log, http, db]\ndb: { tables: [notes] }\nhttp: { allow: ["http://127.9.9.9:1"] }\n',
};

/** The FHIR server with one patient that takes the connection with it. */
async function unreliable(target: string): Promise<string> {
  const handle = (incoming: IncomingMessage, answer: ServerResponse): void => {
    if (incoming.url?.includes('/unavailable')) return void incoming.socket.destroy();
    const { method, headers } = incoming;
    const onward = forward(`${target}${incoming.url}`, { method, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  };
  return listen(handle);
}

async function listen(handle: (incoming: IncomingMessage, answer: ServerResponse) => void): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  owned.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Ends the cells of this process, as the system does when memory is short. */
function killCells(): void {
  for (const { pid, command } of descendants(process.pid)) {
    if (command.includes('--permission') && !command.includes('--liftoff-only')) process.kill(pid, 'SIGKILL');
  }
}

test.before(async () => {
  const temporary = await temporaryFolder('retries');
  owned.defer(() => temporary.remove());
  const project = join(temporary.path, 'project');
  await writeFiles(project, FILES);
  const folder = await openDataFolder(join(temporary.path, 'data'));
  owned.defer(() => folder.close());
  const environment = readEnvironment();
  const stack = await startStack({ environment, folder, progress: () => undefined });
  owned.defer(() => stack.close());
  await writeFile(
    folder.file('tenants.yaml'),
    `${TENANT}: { capabilities: [fhir, log, http, db], db: { tables: [notes] }, http: { allow: ["http://127.9.9.9:1"], privateRanges: [127.9.9.9/32] } }\n`,
  );
  const rows = openRows(stack.supabase);
  const { apikey, jwtSecret } = { apikey: stack.supabase.anonKey, jwtSecret: stack.supabase.jwtSecret };
  host = await startHost({
    ...PLAIN,
    temporal: { address: stack.temporal?.address ?? '', namespace: 'default' },
    fhir: { baseUrl: await unreliable(stack.fhirUrl), mode: 'organization-prefix', auth: null },
    db: { url: await listen((incoming) => void incoming.socket.destroy()), apikey, jwtSecret },
    store: createFileStore(folder.file('code')),
    rows,
    auditStore: rows,
    cells: { most: 4, memoryMb: null },
    quarantineStore: rows,
    quarantine: { kills: 1, windowMs: 60_000 },
    project: { kind: 'working-tree', dir: project },
    tenants: developmentTenants(folder.file('tenants.yaml'), () => undefined),
    cacheDir: join(temporary.path, 'workflows'),
    scriptLog: ({ message }) => {
      if (message === 'kill me') killCells();
    },
  });
  owned.defer(() => host.close());
});
test.after(async () => {
  await owned.disposeAsync();
});

/** Runs a workflow past the API, which would refuse what is stopped, to the failure of its activity. */
async function failure(name: string, tenant: string | null): Promise<ActivityView> {
  const input = tenant === null ? {} : { tenantOrganizationId: tenant };
  const { pin, branch } = await host.shelf.check(name, null, input).catch((error: unknown) => {
    throw new Error(`${name} was not started: ${JSON.stringify(error)}`);
  });
  const started = await host.runs.start({ workflow: name, branch, input, pin });
  for await (const view of host.runs.follow(started)) {
    if (view.status !== 'in-progress') return activityOf(view, 'it');
  }
  throw new Error('the run was not followed to its end');
}

/** The table of the specification (D1), not ours. */
const RETRIED: readonly FailureCode[] = [
  'SCRIPT_ERROR',
  'SCRIPT_WALL',
  'FHIR_UNAVAILABLE',
  'DB_UNAVAILABLE',
  'HTTP_UNAVAILABLE',
];

const UNTESTED: readonly FailureCode[] = [
  // Of a run, not of an activity; the host is lost in test/durability.
  ...(['HOST_LOST', 'CANCELLED', 'TERMINATED', 'RUN_TIMED_OUT', 'PLAN_INVALID', 'PLAN_SOURCE_GONE'] as const),
  // The check finds it: nothing starts.
  'SCRIPT_MISSING',
  // Below.
  'COMMIT_QUARANTINED',
];

for (const code of Object.keys(FAILURES) as FailureCode[]) {
  const retryable = RETRIED.includes(code);
  if (UNTESTED.includes(code)) continue;
  if (code === 'SCRIPT_KILLED' && process.platform !== 'linux') continue;
  test(`${code} is ${retryable ? 'tried again, to the last attempt' : 'not tried again'}`, async () => {
    const it = await failure(nameOf(code), code === 'TENANT_REFUSED' ? null : TENANT);
    assert.is(it.error?.code, code, JSON.stringify(it.error));
    if (retryable) assert.is(it.attempts, 3);
    else assert.ok(it.attempts <= 1, `${it.attempts} attempts`);
  });
}

test('COMMIT_QUARANTINED is not tried again, and the script does not run', async () => {
  if (process.platform !== 'linux') return;
  const it = await failure('script-killed', TENANT);
  assert.equal([it.error?.code, it.attempts], ['COMMIT_QUARANTINED', 1]);
  assert.match(
    String(it.error?.message),
    /plan digest [0-9a-f]{64} is in quarantine for tenant "org-1" since 20.*release/,
  );
});

test.run();
