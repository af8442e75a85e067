// timeout: 60
import { hostname } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { type FhirServer, startFhirServer } from '../../host/embedded/fhir/index.ts';
import { freePort } from '../../host/embedded/port.ts';
import { connectOrStart, ensureAttributes } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { PlanShelf } from '../../host/plans.ts';
import { Schedules } from '../../host/schedules/index.ts';
import { TenantSeparation } from '../../host/separation.ts';
import { type TriggerSettings, Triggers } from '../../host/triggers/index.ts';
import { createFileStore } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { eventually } from '../api/call.ts';
import { temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { startProxy } from './proxy.ts';

const test = suite('triggers of a host that starts');
const owned = new AsyncDisposableStack();
const log = pino({ level: 'silent' });
let shelf: PlanShelf;
let schedules: Schedules;
let fhirPort: number;
let startFhir: () => Promise<FhirServer>;

const SETTINGS: TriggerSettings = { token: null, secretOf: () => undefined, subscriptions: 'auto', atStart: false };
const TOPIC = {
  resourceType: 'AidboxSubscriptionTopic',
  url: 'http://t',
  status: 'active',
  trigger: [{ resource: 'Encounter' }],
};
const FILES = {
  ...workflow('echo', { rootChildren: [], activities: [] }),
  'triggers/sub/definition.yaml': JSON.stringify({ workflow: 'echo', subscriptionTopic: TOPIC }),
  'triggers/sub/input-mapping.ts': 'export const description = "t"; export async function main() { return null; }',
  'triggers/plan/definition.yaml': JSON.stringify({
    type: 'schedule',
    workflow: 'echo',
    spec: { calendars: [{ year: 2099 }] },
  }),
};

test.before(async () => {
  const folder = await temporaryFolder('start');
  owned.defer(() => folder.remove());
  await writeFiles(`${folder.path}/project`, FILES);
  const environment = readEnvironment();
  const temporal = await connectOrStart({ environment, dbFile: `${folder.path}/temporal.db`, log: () => undefined });
  owned.defer(() => temporal.close());
  const connection = await Connection.connect({ address: temporal.address });
  owned.defer(() => connection.close());
  await ensureAttributes(connection, temporal.namespace);
  schedules = new Schedules(new Client({ connection, namespace: temporal.namespace }));
  const sandbox = createSandbox({});
  owned.defer(() => sandbox.close());
  shelf = await PlanShelf.open({
    project: { kind: 'working-tree', dir: `${folder.path}/project` },
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
  fhirPort = await freePort();
  startFhir = async () => owned.use(await startFhirServer({ dbFile: `${folder.path}/fhir.db`, port: fhirPort }));
});
test.after(() => owned.disposeAsync());

function triggersAt(baseUrl: string, settings: Partial<TriggerSettings> = {}) {
  const { host: fhir, close } = createFhirCapability({ baseUrl, mode: 'organization-prefix', auth: null });
  const triggers = new Triggers({ settings: { ...SETTINGS, ...settings }, shelf, fhir, schedules, log });
  owned.defer(async () => {
    await triggers.close();
    await close?.();
  });
  return { triggers, fhir };
}
const failed = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => false,
    () => true,
  );

test('while the FHIR server is down, schedules are registered all the same, and subscriptions later', async () => {
  const { triggers, fhir } = triggersAt(`http://127.0.0.1:${fhirPort}`, { atStart: true });
  triggers.begin('http://0.0.0.0:3011');
  await eventually(async () => ((await schedules.registered()).has('plan') ? true : null));
  assert.is(await failed(triggers.check()), true);
  const states = await triggers.list(null);
  assert.equal(
    states.map(({ trigger: { id }, synced }) => [id, synced]),
    [
      ['plan', true],
      ['sub', null],
    ],
  );
  await startFhir();
  await eventually(async () => ((await failed(triggers.check())) ? null : true));
  const { parameter } = await fhir.read(null, 'AidboxTopicDestination', 'ts-trigger-dest-sub');
  assert.equal(parameter, [{ name: 'endpoint', valueUrl: `http://${hostname()}:3011/triggers/sub/webhook` }]);
});

test('who asks for a sync while one runs shares the next one with all who wait', async () => {
  const { triggers } = triggersAt(`http://127.0.0.1:${fhirPort}`);
  triggers.begin('https://cloister.example');
  const [first, second, third] = await Promise.all([triggers.sync(), triggers.sync(), triggers.sync()]);
  assert.is(second, third);
  assert.is.not(first, second);
  assert.equal([first?.subscriptions[0]?.action, second?.subscriptions[0]?.action], ['replaced', 'unchanged']);
});

test('a server that takes no subscriptions is told as such, and its schedules are registered', async () => {
  const proxy = owned.use(
    await startProxy(`http://127.0.0.1:${fhirPort}`, {
      answer: ({ path }, body) => (path === 'metadata' ? { ...body, rest: [] } : body),
    }),
  );
  const { triggers } = triggersAt(proxy.url);
  triggers.begin('https://cloister.example');
  const { errors, schedules: made } = await triggers.sync();
  assert.equal(
    errors.map(({ id, code }) => [id, code]),
    [['sub', 'SUBSCRIPTIONS_UNSUPPORTED']],
  );
  assert.is(made.length, 1);
});

test('an end of the host ends the attempts', async () => {
  const { triggers } = triggersAt(`http://127.0.0.1:${await freePort()}`, { atStart: true });
  triggers.begin('https://cloister.example');
  await triggers.close();
  assert.is(await failed(triggers.check()), true);
});

test.run();
