// timeout: 150
import { execFileSync } from 'node:child_process';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type DevelopmentHost, startDevelopment } from '../../host/development.ts';
import { connectOrStart } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { type Answer, caller, eventually } from '../api/call.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

const sync = suite('registering triggers over the API');
const owned = new AsyncDisposableStack();
let dir: string;
let client: Client;
let host: DevelopmentHost;
let startHost: () => Promise<void>;
let api: ReturnType<typeof caller>;

const definition = (id: string, data: unknown): Record<string, string> => ({
  [`triggers/${id}/definition.yaml`]: JSON.stringify(data),
});
const subscription = (id: string, more: Record<string, unknown> = {}): Record<string, string> => ({
  ...definition(id, {
    workflow: 'echo',
    subscriptionTopic: {
      resourceType: 'AidboxSubscriptionTopic',
      url: `http://billing/triggers/${id}`,
      status: 'active',
      trigger: [{ resource: 'Encounter', supportedInteraction: ['create'], fhirPathCriteria: "status = 'finished'" }],
    },
    ...more,
  }),
  [`triggers/${id}/input-mapping.ts`]:
    "export const description = 'test';\nexport async function main({ resource }: any): Promise<any> { return { id: resource.id }; }\n",
});
const schedule = (id: string, more: Record<string, unknown>): Record<string, string> =>
  definition(id, { type: 'schedule', workflow: 'echo', ...more });

const YEARLY = { calendars: [{ month: 'JANUARY', dayOfMonth: 1, hour: 3 }] };
const FILES = {
  ...script('echo', 'return input;'),
  ...workflow('echo', {
    rootChildren: ['say'],
    activities: [{ id: 'say', script: './activities/echo.ts', params: { word: '$input.word', id: '$input.id' } }],
  }),
  ...subscription('encounter-done', { description: 'Finished encounters.' }),
  ...schedule('nightly', { spec: YEARLY, input: { word: '$input.nothing', _workflowId: 'fixed' } }),
  ...definition('broken', { type: 'cron', workflow: 'echo' }),
};

const git = (...words: string[]): string => {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', ['-C', dir, ...identity, ...words], { encoding: 'utf8' }).trim();
};
const commit = async (files: Record<string, string>): Promise<void> => {
  await writeFiles(dir, files);
  git('add', '.');
  git('commit', '-qm', 'change');
};
const fhir = (path: string): Promise<Answer> => caller(host.stack.fhirUrl).get(`/fhir/${path}`);
const synced = async (): Promise<Answer['body']> => (await api.post('/triggers/sync', {})).body;

sync.before(async () => {
  const folder = await temporaryFolder('triggers');
  owned.defer(() => folder.remove());
  dir = `${folder.path}/project`;
  await writeFiles(dir, FILES);
  git('init', '-q', '-b', 'main');
  await commit({});
  git('branch', 'feature/other');
  const environment = readEnvironment();
  const temporal = await connectOrStart({ environment, dbFile: `${folder.path}/temporal.db`, log: () => undefined });
  owned.defer(() => temporal.close());
  const connection = await Connection.connect({ address: temporal.address });
  owned.defer(() => connection.close());
  client = new Client({ connection, namespace: temporal.namespace });
  startHost = async () => {
    host = await startDevelopment({
      environment: { ...environment, temporalAddress: temporal.address },
      projectDir: dir,
      dataDir: `${folder.path}/data`,
      port: 0,
      progress: () => undefined,
    });
    api = caller(host.url);
  };
  await startHost();
  owned.defer(() => host.close());
});
sync.after(() => owned.disposeAsync());

sync('the development host registers nothing by itself', async () => {
  const { status, body } = await api.get('/triggers');
  assert.is(status, 200, JSON.stringify(body));
  assert.equal(
    body.triggers.map(({ id, type, synced }: Record<string, unknown>) => [id, type, synced]),
    [
      ['broken', null, false],
      ['encounter-done', 'subscription', false],
      ['nightly', 'schedule', false],
    ],
  );
  assert.is(body.triggers[0].problems[0].code, 'TRIGGER_FIELD');
  assert.is(body.triggers[1].description, 'Finished encounters.');
  assert.equal((await api.get('/schedules')).body, { schedules: [] });
});

sync('one bad trigger is told with 502, and the others are registered', async () => {
  const { status, body } = await api.post('/triggers/sync', {});
  assert.is(status, 502, JSON.stringify(body));
  const topic = 'AidboxSubscriptionTopic/ts-trigger-encounter-done';
  const destination = 'AidboxTopicDestination/ts-trigger-dest-encounter-done';
  assert.equal(body.subscriptions, [{ id: 'encounter-done', topic, destination, action: 'created' }]);
  assert.equal(body.schedules, [{ id: 'nightly', scheduleId: 'ts-trigger-schedule-nightly', action: 'created' }]);
  assert.equal([body.code, body.errors[0].id, body.errors.length], ['TRIGGER_SYNC_FAILED', 'broken', 1]);
  const { parameter } = (await fhir(destination)).body;
  assert.equal(parameter, [{ name: 'endpoint', valueUrl: `${host.url}/triggers/encounter-done/webhook` }]);
});

sync('what Temporal refuses of a schedule is told with the trigger, until it is mended', async () => {
  const never = (minute: string) => ({
    'triggers/never/definition.yaml': `type: schedule\nworkflow: echo\nspec: { cronExpressions: ["${minute} 3 * * *"] }\n`,
  });
  const shown = async () => {
    const { triggers } = (await api.get('/triggers')).body;
    return triggers.find(({ id }: { id: string }) => id === 'never');
  };
  await commit(never('61'));
  assert.is((await api.post('/triggers/sync', {})).status, 502);
  const { synced, problems } = await shown();
  assert.equal([synced, problems.length, problems[0]?.code], [false, 1, 'SCHEDULE_INVALID'], JSON.stringify(problems));
  await commit(never('1'));
  await api.post('/triggers/sync', {});
  assert.equal(await shown().then(({ synced, problems }) => [synced, problems]), [true, []]);
  git('rm', '-rq', 'triggers/never');
  await commit({});
  await api.post('/triggers/sync', {});
});

sync('a second sync leaves the same state, and says so', async () => {
  git('rm', '-rq', 'triggers/broken');
  await commit({});
  const before = (await fhir('AidboxTopicDestination/ts-trigger-dest-encounter-done')).body;
  const { status, body } = await api.post('/triggers/sync', {});
  assert.is(status, 200, JSON.stringify(body));
  assert.equal([body.subscriptions[0].action, body.schedules[0].action], ['unchanged', 'replaced']);
  assert.equal([body.removed, body.errors], [[], []]);
  assert.equal((await fhir('AidboxTopicDestination/ts-trigger-dest-encounter-done')).body, before);
  const { triggers } = (await api.get('/triggers')).body;
  assert.equal(
    triggers.map(({ id, synced }: Record<string, unknown>) => [id, synced]),
    [
      ['encounter-done', true],
      ['nightly', true],
    ],
  );
});

sync('syncs that come together share what is done', async () => {
  const all = await Promise.all([1, 2, 3, 4].map(() => synced()));
  assert.ok(
    all.every(({ errors }) => errors.length === 0),
    JSON.stringify(all),
  );
});

sync('a change at the FHIR server starts a run through the destination that was registered', async () => {
  const encounter = { resourceType: 'Encounter', id: 'enc-1', status: 'finished' };
  const { status } = await caller(host.stack.fhirUrl).send('PUT', '/fhir/Encounter/enc-1', encounter);
  assert.is(status, 201);
  const view = await eventually(async () => {
    const { runs } = (await api.get('/workflows/echo/runs')).body;
    const run = runs.find(({ workflowId }: { workflowId: string }) => workflowId.includes('-trigger-encounter-done-'));
    const found = run && (await api.get(`/workflows/echo/runs/${run.runId}`)).body;
    return found && found.status !== 'in-progress' ? found : null;
  });
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.equal(view.trigger, { type: 'subscription', id: 'encounter-done' });
  assert.equal(view.input, { id: 'enc-1' });
});

sync('a branch that is not main is refused', async () => {
  const of = async (branch: string) => {
    const { status, body } = await api.post(`/triggers/sync?branch=${encodeURIComponent(branch)}`, {});
    return [status, body.code];
  };
  assert.equal(await of('feature/other'), [409, 'BRANCH_NOT_MAIN']);
  assert.equal(await of('-x'), [400, 'BRANCH_INVALID']);
  assert.equal(await of('a..b'), [400, 'BRANCH_INVALID']);
  assert.is((await of('main'))[0], 200);
});

sync('a schedule is shown, paused, resumed, triggered and deleted over the API', async () => {
  const { body: shown } = await api.get('/schedules/nightly');
  assert.equal(shown.input, { word: '$input.nothing' });
  assert.equal([shown.workflow, shown.branch, shown.paused], ['echo', 'main', false]);
  assert.match(shown.nextRuns[0], /-01-01T03:00:00\.000Z$/);
  const paused = await api.post('/schedules/nightly/pause', { note: 'for the test' });
  assert.equal([paused.status, paused.body.paused, paused.body.note], [200, true, 'for the test']);
  await synced();
  assert.is((await api.get('/schedules/nightly')).body.paused, true, 'a sync leaves it paused');
  assert.is((await api.post('/schedules/nightly/resume', {})).body.paused, false);
  const { status, body } = await api.post('/schedules/nightly/trigger', {});
  assert.is(status, 202, JSON.stringify(body));
  assert.match(body.run.workflowId, /^echo-trigger-nightly-/);
  const view = await eventually(async () => {
    const run = (await api.get(`/workflows/echo/runs/${body.run.runId}`)).body;
    return run.status === 'in-progress' ? null : run;
  });
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.equal(view.trigger, { type: 'schedule', id: 'nightly' });
  assert.equal(view.input, { word: '$input.nothing' });
  assert.equal(view.activities[0].output, { word: '$input.nothing' }, 'nothing in the input is resolved');
  assert.is((await api.send('DELETE', '/schedules/nightly')).status, 204);
  assert.is((await api.get('/schedules/nightly')).body.code, 'SCHEDULE_NOT_FOUND');
  assert.is((await synced()).schedules[0].action, 'created', 'the next sync brings it back');
  assert.is((await api.get('/schedules/a..b')).status, 404);
});

sync('registrations of triggers that are gone, or of another type now, disappear', async () => {
  await commit({ ...subscription('second'), ...schedule('hourly', { spec: { intervals: [{ every: '1h' }] } }) });
  assert.is((await synced()).subscriptions.length, 2);
  git('rm', '-rq', 'triggers/second', 'triggers/hourly');
  await commit(subscription('hourly'));
  const { removed, errors } = await synced();
  assert.equal(errors, []);
  assert.equal(removed, [
    'AidboxSubscriptionTopic/ts-trigger-second',
    'AidboxTopicDestination/ts-trigger-dest-second',
    'ts-trigger-schedule-hourly',
  ]);
  assert.is((await fhir('AidboxTopicDestination/ts-trigger-dest-second')).status, 404);
  assert.is((await fhir('AidboxTopicDestination/ts-trigger-dest-hourly')).status, 200);
  assert.is((await api.get('/schedules/hourly')).status, 404);
});

sync('a trigger that breaks keeps its registration', async () => {
  await commit(definition('encounter-done', { workflow: 'nowhere' }));
  const { removed, errors } = await synced();
  assert.equal([removed, errors[0].id, errors[0].code], [[], 'encounter-done', 'TRIGGER_INVALID']);
  assert.is((await fhir('AidboxTopicDestination/ts-trigger-dest-encounter-done')).status, 200);
});

sync('a schedule starts runs while the API is down, with its input', async () => {
  await commit(schedule('often', { spec: { intervals: [{ every: '1s' }] }, input: { word: 'static', id: 7 } }));
  await synced();
  await host.close();
  const handle = client.schedule.getHandle('ts-trigger-schedule-often');
  const before = (await handle.describe()).info.numActionsTaken;
  const started = await eventually(async () => {
    const { info } = await handle.describe();
    return info.numActionsTaken > before || info.runningActions.length > 0 ? info : null;
  });
  await handle.pause();
  assert.ok(started.recentActions.length > 0);
  const { workflow: run } = started.recentActions.at(-1)?.action ?? {};
  await startHost();
  const view = await eventually(async () => {
    const { body } = await api.get(`/workflows/echo/runs/${run?.firstExecutionRunId}`);
    return body.status === 'completed' ? body : null;
  });
  assert.equal(view.activities[0].output, { word: 'static', id: 7 });
});

sync.run();
