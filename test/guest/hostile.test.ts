// timeout: 180
/** What guest code cannot do, in a real worker on a real Temporal: each attack fails its own run, soon, and nothing else. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connectOrStart } from '../../host/embedded/temporal.ts';
import { cacheFolder } from '../../host/env/cache.ts';
import { readEnvironment } from '../../host/env.ts';
import { CodeOwner, Compiler } from '../../host/projects/code/compiler.ts';
import { guestBundle } from '../../host/temporal/guest/bundle.ts';
import { cronFault } from '../../host/temporal/guest/cron.ts';
import { keepHeader } from '../../host/temporal/project/header.ts';
import { hostSteps } from '../../host/temporal/project/steps.ts';
import { createFileStore, type GuestPlan, type LoadedGuest, type ProjectRow } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { temporaryFolder } from '../stand/project.ts';
import { EXPRESSIONS } from './hostile/expressions.ts';

const ATTACKER = 'hostile-attacker-queue';
const NEIGHBOUR = 'hostile-neighbour-queue';
/** A run must be over this soon: one task may be lost to a busy machine, which Temporal notices after ten seconds. */
const LIMIT_MS = 25_000;
const ignore = (): void => undefined;

const test = suite('what guest code cannot do');
const undo = new AsyncDisposableStack();
const environment = readEnvironment();
Runtime.install({
  logger: { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
});
const folder = await temporaryFolder('guest-hostile');
undo.defer(() => folder.remove());
const temporal = await connectOrStart({ environment, dbFile: join(folder.path, 'temporal.db'), log: ignore });
undo.defer(() => temporal.close());
const native = await NativeConnection.connect({ address: temporal.address });
undo.defer(() => native.close());
const connection = await Connection.connect({ address: temporal.address });
undo.defer(() => connection.close());
const client = new Client({ connection });
await addAttributes();
const plans = await compiled();
/** Workers that failed as a whole. */
const failed: unknown[] = [];
for (const queue of [ATTACKER, NEIGHBOUR]) await startWorker(queue);

test.after(() => undo.disposeAsync());

async function compiled(): Promise<ReadonlyMap<string, GuestPlan>> {
  const source = await readFile(join(import.meta.dirname, 'hostile/workflows.ts'), 'utf8');
  const sandbox = createSandbox({ spare: false });
  try {
    const packages = { names: new Set<string>(), read: async () => null };
    const compiler = new Compiler({
      store: createFileStore(folder.path),
      build: (wish) => sandbox.build(wish),
      packages,
    });
    const files = new Map([['workflow.ts', source]]);
    const made = await compiler.compile({ kind: 'workflow', entry: 'workflow.ts', files }, new CodeOwner());
    if (!made.ok) throw new Error(JSON.stringify(made.faults));
    const { digest, code, map } = made.bundle;
    const shared = {
      interpreter: 2,
      workflow: { id: 'w', name: 'hostile' },
      types: made.functions,
      code,
      map,
    } as const;
    const rest = { digest: `sha256:${digest}`, activities: {}, refused: {}, limits: { steps: 1000, memoryMb: 32 } };
    const top = { ...shared, ...rest, entry: 'run', code: '(function ($temporal) { for (;;); })' };
    return new Map([
      ...made.functions.map((entry) => [entry, { ...shared, ...rest, entry }] as const),
      ['spinsAtItsTopLevel', top] as const,
      ['carriesMuch', { ...shared, ...rest, entry: 'carriesMuch', limits: { steps: 1000, memoryMb: 4 } }] as const,
    ]);
  } finally {
    await sandbox.close();
  }
}

async function addAttributes(): Promise<void> {
  const { IndexedValueType: type } = proto.temporal.api.enums.v1;
  const searchAttributes = {
    HostileKeyword: type.INDEXED_VALUE_TYPE_KEYWORD,
    HostileNumber: type.INDEXED_VALUE_TYPE_INT,
    HostileReal: type.INDEXED_VALUE_TYPE_DOUBLE,
    HostileFlag: type.INDEXED_VALUE_TYPE_BOOL,
    HostileTime: type.INDEXED_VALUE_TYPE_DATETIME,
    HostileList: type.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  };
  await connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
}

async function loaded(_project: ProjectRow, type: string): Promise<LoadedGuest> {
  const plan = plans.get(type);
  return plan ? { ok: true, plan } : { ok: false, code: 'WORKFLOW_TYPE_UNKNOWN', message: type };
}

async function startWorker(taskQueue: string): Promise<void> {
  const project = { id: taskQueue, taskQueueName: taskQueue } as ProjectRow;
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: await guestBundle(cacheFolder(environment)),
    activities: {
      ...hostSteps({ project: () => project, code: { plan: loaded }, codeMaxBytes: 2 ** 20, failed: ignore }),
      default: async (...args: unknown[]) => args,
    },
    interceptors: { activity: [keepHeader] },
    sinks: { run: { started: { fn: ignore }, closed: { fn: ignore } } },
    shutdownForceTime: 5_000,
  });
  const ended = worker.run();
  ended.catch((error: unknown) => failed.push(error));
  undo.defer(async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await ended.catch(ignore);
  });
}

const start = (type: string, { queue = ATTACKER, args = [] as unknown[] } = {}) =>
  client.workflow.start(type, { taskQueue: queue, workflowId: `${type}-${randomUUID()}`, args });

async function soon<Value>(promise: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not over after ${LIMIT_MS} ms`)), LIMIT_MS);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** How a run failed; its neighbour in another project has gone on meanwhile. */
async function failureOf(type: string, args: unknown[] = [], signal?: string): Promise<ApplicationFailure> {
  const neighbour = await start('neighbour', { queue: NEIGHBOUR });
  const run = await start(type, { args });
  if (signal) await run.signal(signal);
  const error: unknown = await soon(run.result()).then(
    (result) => new Error(`returned ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowFailedError)) throw error;
  assert.is(await soon(neighbour.result()), 10);
  assert.equal(failed, []);
  const { cause } = error;
  return cause instanceof ApplicationFailure ? cause : ApplicationFailure.create({ message: String(cause), type: '?' });
}

/** Addresses that V8 keeps for each memory of WebAssembly, whatever of it is in use. */
const ENGINE_BYTES = 8.4e9;

/** Bytes of addresses that the process has. */
async function reserved(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/VmSize:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/** An event without what differs from run to run. */
function shapeOfEvent(event: unknown): string {
  const marker = (event as { markerRecordedEventAttributes?: { details?: Record<string, unknown> } })
    .markerRecordedEventAttributes;
  const result = marker?.details?.result;
  return `${(event as { eventType: unknown }).eventType} ${result ? JSON.stringify(result).length : ''}`;
}

/** Search attributes as JSON text. */
const ATTRIBUTES: Readonly<Record<'fitting' | 'failing', readonly Readonly<Record<string, string>>[]>> = {
  fitting: [
    { HostileNumber: '7', HostileKeyword: '"x"' },
    { HostileNumber: '[-9223372036854775808]', HostileList: '["a", "b"]', HostileFlag: 'null' },
    { HostileTime: '"2026-02-28T23:59:59.123456789+01:00"', HostileList: 'null', HostileFlag: '[true]' },
    { HostileNumber: 'null', HostileReal: '1e3', HostileList: '[["a", "b"]]', BuildIds: '["b"]' },
  ],
  failing: [
    { HostileNone: '"x"' },
    { HostileNumber: '"7"' },
    { HostileNumber: '7.0' },
    { HostileNumber: '9223372036854775808' },
    { HostileKeyword: '7' },
    { HostileList: '"a"' },
    { HostileTime: '"2026-02-29T00:00:00Z"' },
    { HostileTime: '"yesterday"' },
    { HostileReal: '1e999' },
    { HostileFlag: '"true"' },
    { HostileKeyword: '{"a": 1}' },
    { WorkflowId: '"x"' },
    { Keyword01: '"x"' },
    { constructor: '"x"' },
    { ['__proto__']: '"x"' },
  ],
};

const ENDINGS = {
  spins: 'GUEST_STEPS_EXCEEDED',
  spinsAtItsTopLevel: 'GUEST_STEPS_EXCEEDED',
  spinsAndCatches: 'GUEST_STEPS_EXCEEDED',
  spinsLater: 'GUEST_STEPS_EXCEEDED',
  spinsInMicrotasks: 'GUEST_STEPS_EXCEEDED',
  spinsInNativeCode: 'GUEST_STEPS_EXCEEDED',
  spinsInBigIntegers: 'GUEST_STEPS_EXCEEDED',
  spinsInARegularExpression: 'GUEST_STEPS_EXCEEDED',
  takesMemory: 'GUEST_MEMORY_EXCEEDED',
  takesMemoryAndCatches: 'GUEST_STEPS_EXCEEDED',
  callsAnotherQueue: 'FOREIGN_TARGET',
  callsAHostStep: 'RESERVED_NAME',
  pushesAHostStep: 'RESERVED_NAME',
  pushesAnotherQueue: 'FOREIGN_TARGET',
  pushesNonsense: 'WORKFLOW_CODE_ERROR',
  pushesANumberTwice: 'WORKFLOW_CODE_ERROR',
  pushesANexusOperation: 'FOREIGN_TARGET',
  takesALabelOfTheHost: 'RESERVED_NAME',
  breaksItsAnswers: 'WORKFLOW_CODE_ERROR',
  returnsTooMuch: 'PARAMS_TOO_LARGE',
  sendsTooMuchAtOnce: 'PARAMS_TOO_LARGE',
  answersNobody: 'WORKFLOW_CODE_ERROR',
  answersNoUpdate: 'WORKFLOW_CODE_ERROR',
  setsAnUnknownFlag: 'WORKFLOW_CODE_ERROR',
  saysNoText: 'WORKFLOW_CODE_ERROR',
  repeatsForAges: 'WORKFLOW_CODE_ERROR',
  takesAnIdTwice: 'WORKFLOW_CODE_ERROR',
  schedulesTooMany: 'WORKFLOW_CODE_ERROR',
  sendsTooMuchInATask: 'PARAMS_TOO_LARGE',
} as const;

for (const [type, code] of Object.entries(ENDINGS)) {
  test(`PW-11, 12, 13 ${type}: its run alone fails with ${code}`, async () => {
    const failure = await failureOf(type);
    assert.is(failure.type, code);
    assert.is(failure.nonRetryable, true);
  });
}

test('spinsInASignal: its run alone fails, whichever way the code is entered', async () => {
  assert.is((await failureOf('spinsInASignal', [], 'go')).type, 'GUEST_STEPS_EXCEEDED');
});

for (const name of [
  'scheduleActivity',
  'startChildWorkflowExecution',
  'signalExternalWorkflowExecution',
  'requestCancelExternalWorkflowExecution',
  'startTimer',
  'failWorkflowExecution',
  'scheduleLocalActivity',
  'continueAsNewWorkflowExecution',
  'upsertWorkflowSearchAttributes',
  'modifyWorkflowProperties',
]) {
  test(`${name} as Temporal does not take it fails its run, instead of its task again and again`, async () => {
    assert.is((await failureOf('pushesWhatTemporalRefuses', [name])).type, 'WORKFLOW_CODE_ERROR');
  });
}

for (const type of ['recurses', 'nests']) {
  test(`${type}: recursion without end fails its run alone`, async () => {
    const { type: code } = await failureOf(type);
    assert.ok(['GUEST_STEPS_EXCEEDED', 'WORKFLOW_CODE_ERROR', 'GUEST_MEMORY_EXCEEDED'].includes(code ?? ''));
  });
}

for (const type of ['billingWorkflow', 'agentWorkflow', 'default', 'constructor', '__proto__', 'toString']) {
  test(`PW-13 a run of type ${type} fails with RESERVED_NAME`, async () => {
    assert.is((await failureOf(type)).type, 'RESERVED_NAME');
  });
}

for (let at = 0; at < 5; at++) {
  test(`what is odd in a command (${at}) fails its run, instead of its task or the server’s own work`, async () => {
    const { type, message } = await failureOf('pushesWhatIsOdd', [at]);
    assert.is(type, 'WORKFLOW_CODE_ERROR');
    assert.match(message, /, expected an expression|: expected (at most 3|the id of a run)$/);
  });
}

test('a cron expression is refused where Temporal refuses it, and taken where Temporal takes it', async () => {
  const told = await Promise.all(
    EXPRESSIONS.map(async (cronSchedule) => {
      const options = {
        taskQueue: 'nobody',
        workflowId: randomUUID(),
        workflowExecutionTimeout: '1s',
        cronSchedule,
      } as const;
      return client.workflow.start('neighbour', options).then(
        () => true,
        () => false,
      );
    }),
  );
  const differing = EXPRESSIONS.filter((one, at) => (cronFault(one) === null) !== told[at]);
  assert.equal(differing, []);
  assert.ok(told.includes(true) && told.includes(false));
});

test('a child may have a schedule', async () => {
  const run = await start('startsChildByCron', { args: ['CRON_TZ=Europe/Kyiv 0 4 * * mon-fri'] });
  assert.is(typeof (await soon(run.result())), 'string');
});

test('a search attribute that the namespace does not have, or not so, fails its run; each that fits is set', async () => {
  const { fitting, failing } = ATTRIBUTES;
  const good = fitting.map(async (values) => (await start('setsAttributes', { args: [values] })).result());
  const bad = failing.map((values) => failureOf('setsAttributes', [values]));
  const others = ['startsChildWithAttribute', 'continuesWithAttribute'].map((type) => failureOf(type, ['HostileNone']));
  assert.equal(
    await soon(Promise.all(good)),
    fitting.map(() => 'set'),
  );
  for (const { type, message } of await Promise.all([...bad, ...others])) {
    assert.is(type, 'WORKFLOW_CODE_ERROR');
    assert.match(message, /^search attribute "\w+": found /);
  }
});

test('a run that sets a search attribute and ends at once has done both', async () => {
  const run = await start('setsAttributesAndEnds');
  assert.is(await soon(run.result()), 'ended');
  const { searchAttributes } = await run.describe();
  assert.equal(searchAttributes.HostileNumber, [7]);
});

test('PW-13 a run of another project answers as one that is not there', async () => {
  const stranger = await start('spinsInAQuery', { queue: NEIGHBOUR });
  const none = `none-${randomUUID()}`;
  const [told, toldOfNone] = await Promise.all(
    [stranger.workflowId, none].map(async (id) => {
      const run = await start('asksFor', { args: [id] });
      const words = await soon(run.result());
      const { events = [] } = await run.fetchHistory();
      return { words, events: events?.map(shapeOfEvent) };
    }),
  );
  assert.equal(told, toldOfNone);
  assert.is((await stranger.describe()).status.name, 'RUNNING');
  await stranger.signal('go');
  assert.is(await soon(stranger.result()), 'done');
});

test('a child is not cancelled by its id before it has started, which would break the task', async () => {
  const run = await start('cancelsWhatItStarts', { args: [`again-${randomUUID()}`] });
  assert.match(String(await soon(run.result())), /not found$/);
});

for (const [type, found] of Object.entries({
  returnsABigInt: 'a bigint at "lines[1].price"',
  returnsACycle: 'a cycle at "below.top"',
  returnsAFunction: 'a function',
})) {
  test(`${type}: a result that is no JSON is told with workflow and place`, async () => {
    const failure = await failureOf(type);
    assert.is(failure.type, 'RESULT_NOT_JSON');
    assert.is(failure.message, `hostile result: found ${found}, expected JSON`);
  });
}

test('an argument that is no JSON is told with its place', async () => {
  assert.match((await failureOf('passesABigInt')).message, /found a bigint at "deep.n", expected JSON$/);
});

test('endsAStranger: a child takes no id from a run of another project', async () => {
  const stranger = await start('spinsInAQuery', { queue: NEIGHBOUR });
  assert.is((await failureOf('endsAStranger', [stranger.workflowId])).type, 'WORKFLOW_CODE_ERROR');
  await stranger.signal('go');
  assert.is(await soon(stranger.result()), 'done');
});

for (const query of ['sleep', 'reject']) {
  test(`a query that does more than answer (${query}) fails alone; the run goes on`, async () => {
    const run = await start('spinsInAQuery');
    await until(async () => (await run.query<boolean>('told').catch(() => null)) === false);
    await soon(run.query(query).then(() => assert.unreachable('it answered'), ignore));
    // The copy that was spoilt says so, once, and the next one answers.
    const told = async () => run.query<boolean>('told').catch(({ message }: Error) => message);
    assert.match(String(await told()), /a query before has broken.*ask again|^false$/);
    assert.is(await told(), false);
    await run.signal('go');
    assert.is(await soon(run.result()), 'done');
    assert.equal(failed, []);
  });
}

test('a query that spins fails alone; the run goes on', async () => {
  const run = await start('spinsInAQuery');
  const told = async () => (await run.query<boolean>('told').catch(() => null)) === false;
  await until(told);
  await soon(run.query('spin').then(() => assert.unreachable('it answered'), ignore));
  assert.ok(await told());
  await run.signal('go');
  assert.is(await soon(run.result()), 'done');
  assert.equal(failed, []);
});

test('what was handed in and out is not kept: a run may carry more than its memory holds', async () => {
  const run = await start('carriesMuch');
  assert.is(await soon(run.result()), 60);
});

(process.platform === 'linux' ? test : test.skip)('engines of runs that have ended are given back soon', async () => {
  const before = await reserved();
  let most = 0;
  for (let round = 0; round < 3; round++) {
    const runs = await Promise.all(Array.from({ length: 10 }, () => start('takesMemory')));
    await soon(Promise.all(runs.map((run) => run.result().catch(ignore))));
    most = Math.max(most, (await reserved()) - before);
  }
  assert.ok(most < 10 * ENGINE_BYTES, `${Math.round(most / ENGINE_BYTES)} engines`);
});

test('half a character breaks nothing', async () => {
  const run = await start('sendsHalfACharacter');
  assert.equal(await soon(run.result()), ['\ud800']);
});

test('PW-7 guest code meets no global of the host, of Node or of real time', async () => {
  const run = await start('looksAround');
  assert.equal(await soon(run.result()), ['undefinedundefinedundefined', '0']);
});

test('an error names line and column of the project’s own file, and no file of the host', async () => {
  const failure = await failureOf('throwsLater');
  assert.is(failure.type, 'WORKFLOW_CODE_ERROR');
  assert.is(failure.message, 'RangeError: in its own words');
  assert.match(failure.stack ?? '', /at inWords \(workflow\.ts:\d+:\d+\)/);
  assert.not.match(failure.stack ?? '', /guest\.js|sdk\.js|node_modules|host\//);
});

test('a rejection that nobody takes up fails the run', async () => {
  const failure = await failureOf('leavesARejection');
  assert.is(failure.type, 'WORKFLOW_CODE_ERROR');
  assert.is(failure.message, 'Error: nobody listens');
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let left = 100; left > 0; left--) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to that');
}

test.run();
