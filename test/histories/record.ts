/**
 * Records the histories that test/durability/replay.test.ts replays: `node test/histories/record.ts [NAME…]`, on Linux. Each is
 * of a real run on a real host. Run it when a walker was changed on purpose and old runs need not be replayed any more: as
 * long as runs of the old walker may be open, keep the old files and add new ones.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { followRun, type HostProcess, hostFolder, runView, startHostProcess, startRun } from '../durability/host.ts';
import { descendants } from '../durability/processes.ts';
import { startWitness, telling, tellingProject, tenantsFile } from '../durability/witness.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { scrub } from './scrub.ts';

const { History } = proto.temporal.api.history.v1;
const TENANT = 'org-1';
const echo = './activities/echo.ts';
const fail = './activities/fail.ts';
const wanted = process.argv.slice(2);

await using owned = new AsyncDisposableStack();
const witness = await startWitness();
owned.defer(() => witness.close());
const project = await temporaryFolder('project');
owned.defer(project.remove);
const folder = await hostFolder(tenantsFile(witness, [TENANT]));
owned.defer(folder.remove);
await writeFiles(project.path, {
  ...tellingProject(witness),
  ...script('echo', 'return input;'),
  ...script('fail', 'throw new Error("no coverage found");'),
  ...script(
    'third',
    'if (run.attempt < 3) throw new Error("not yet"); return input;',
    "import { run } from 'cloister';",
  ),
  ...workflow('sequence', {
    rootChildren: ['a', 'b'],
    activities: [
      { id: 'a', script: echo, params: { word: '$input.word', list: [1, '$input.none'] }, children: ['c'] },
      { id: 'b', script: echo },
      { id: 'c', script: echo, params: { from: '$activities.a.output.word' } },
    ],
  }),
  ...workflow('skip', {
    rootChildren: ['a', 'b'],
    activities: [
      { id: 'a', script: echo, applicability: ['$input.none'], children: ['c'] },
      { id: 'b', script: echo },
      { id: 'c', script: echo },
    ],
  }),
  ...workflow('parallel', {
    execution: 'parallel',
    rootChildren: ['a', 'b', 'c'],
    activities: [
      { id: 'a', script: echo, children: ['d', 'e'] },
      ...['b', 'c', 'd', 'e'].map((id) => ({ id, script: echo })),
    ],
  }),
  ...workflow('decoupled', {
    rootChildren: ['side', 'main'],
    activities: [
      { id: 'side', script: fail, decoupled: true, children: ['under'] },
      { id: 'under', script: echo },
      { id: 'main', script: echo },
    ],
  }),
  ...workflow('child', {
    rootChildren: ['sub', 'off'],
    activities: [
      { id: 'sub', childWorkflow: 'sequence', params: { word: 'hi' }, children: ['after'] },
      { id: 'off', childWorkflow: 'skip', decoupled: true },
      { id: 'after', script: echo, params: { got: '$activities.sub.output' } },
    ],
  }),
  ...workflow('retry', {
    rootChildren: ['a'],
    activities: [
      { id: 'a', script: './activities/third.ts', retries: 2, backoff: { initial: '1s', coefficient: 1, max: '1s' } },
    ],
  }),
  ...workflow('failure', {
    rootChildren: ['a', 'b', 'c'],
    activities: [
      { id: 'a', script: echo },
      { id: 'b', script: fail },
      { id: 'c', script: echo },
    ],
  }),
  ...workflow('rerun', {
    rootChildren: ['a', 'b'],
    activities: [
      { id: 'a', script: echo, params: { word: '$input.word' }, children: ['c', 'd'] },
      { id: 'c', script: echo },
      { id: 'd', script: echo, params: { from: '$activities.a.output.word' } },
      { id: 'b', script: echo },
    ],
  }),
  ...workflow('cancelled', { rootChildren: ['held'], activities: [telling('held')] }),
  ...workflow('host-lost', { rootChildren: ['held', 'after'], activities: [telling('held'), telling('after')] }),
});
let host: HostProcess = await startHostProcess(project.path, folder.path);
owned.defer(async () => void (await host.stop()));

for (const name of ['sequence', 'skip', 'parallel', 'decoupled', 'child', 'retry', 'failure']) {
  await record(name, () => start(name));
}
await record('rerun', async () => {
  const runId = await start('rerun');
  await followRun(host.url, 'rerun', runId);
  const response = await fetch(`${host.url}/workflows/rerun/runs/${runId}/rerun`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'd' }),
  });
  return String(((await response.json()) as { runId?: unknown }).runId);
});
await record('cancelled', async () => {
  const runId = await held('cancelled');
  await withClient(async (client) => {
    const { workflowId } = await runView(host.url, 'cancelled', runId);
    await client.workflow.getHandle(workflowId, runId).cancel();
  });
  return runId;
});
await record('host-lost', async () => {
  const runId = await held('host-lost');
  await host.kill();
  witness.release();
  host = await startHostProcess(project.path, folder.path);
  return runId;
});

function start(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return startRun(host.url, name, { witness: witness.url, tenantOrganizationId: TENANT, word: 'hi', ...more });
}

async function held(name: string): Promise<string> {
  witness.hold('held');
  const before = witness.count('start', 'held');
  const runId = await start(name);
  await witness.seen('start', 'held', before + 1);
  await sleep(200);
  return runId;
}

async function record(name: string, run: () => Promise<string>): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const runId = await run();
  const { workflowId, status } = await followRun(host.url, name, runId);
  const history = await withClient((client) => client.workflow.getHandle(workflowId, runId).fetchHistory());
  const file = join(import.meta.dirname, `${name}.json`);
  await mkdir(import.meta.dirname, { recursive: true });
  await writeFile(
    file,
    `${JSON.stringify({ workflowId, history: scrub(History.toObject(History.create(history), { longs: String, enums: String, bytes: String })) }, null, 1)}\n`,
  );
  console.log(`${name}: ${status}, ${history.events?.length} events`);
}

/** Of the Temporal server that the host has started. */
function temporalAddress(): string {
  const server = descendants(host.pid).find(({ command }) => command.includes('start-dev'));
  const port = / --port (\d+)/.exec(server?.command ?? '')?.[1];
  if (port === undefined) throw new Error('the host has no Temporal server');
  return `127.0.0.1:${port}`;
}

async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: temporalAddress() });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
