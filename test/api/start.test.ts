// timeout: 180
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';
import { type Answer, caller, eventually } from './call.ts';

const start = suite('starting runs over the API');
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
let stand: TestHost;
let api: ReturnType<typeof caller>;

const FILES = {
  ...script('echo', 'return input;'),
  ...script('wait', 'await new Promise((done) => setTimeout(done, 25_000));'),
  ...workflow('echo', {
    description: 'Says it again',
    input: { word: 'string' },
    rootChildren: ['say'],
    activities: [{ id: 'say', script: './activities/echo.ts', params: { all: '$input' } }],
  }),
  ...workflow('wait', { rootChildren: ['wait'], activities: [{ id: 'wait', script: './activities/wait.ts' }] }),
  ...workflow('broken', { rootChildren: ['nobody'], activities: [{ id: 'x', script: './activities/none.ts' }] }),
  'workflows/torn.yaml': 'id: torn\n  name: [',
};

start.before(async () => {
  stand = await testHost(FILES);
  api = caller(stand.host.url);
});
start.after(async () => {
  await stand.close();
});

/** What every refusal has in common. */
function assertRefused({ status, body }: Answer, expected: number, code: string): void {
  const text = JSON.stringify(body);
  assert.is(status, expected, text);
  assert.is(body.code, code);
  assert.type(body.error, 'string');
  assert.ok(typeof body.requestId === 'string' && body.requestId !== '', 'requestId');
  assert.not.ok(text.includes(stand.projectDir) || text.includes(stand.dataDir), `a path of the host: ${text}`);
  assert.not.match(text, /\.ts:\d+:\d+\)|node_modules|\bat \w/);
}

async function openRuns(name: string): Promise<number> {
  return (await api.get(`/workflows/${name}/runs`)).body.runs.length;
}

start('GET /health says that Temporal, FHIR and the database are up', async () => {
  const { status, body } = await api.get('/health');
  assert.is(status, 200);
  const { sandbox, checks, uptime, ...rest } = body;
  assert.equal(rest, { status: 'ok', service: 'temporal-worker-service', workers: 0 });
  assert.ok(uptime > 0);
  assert.equal([checks.temporal, checks.fhir, checks.database], ['up', 'up', 'up']);
  assert.equal([sandbox.running, sandbox.queued, sandbox.waiting, sandbox.kills], [0, 0, 0, 0]);
});

start('GET /workflows lists every definition, broken ones with their problems', async () => {
  const { status, body } = await api.get('/workflows');
  assert.is(status, 200);
  const byId = Object.fromEntries(body.workflows.map((each: { id: string }) => [each.id, each]));
  assert.equal(Object.keys(byId).sort(), ['broken', 'echo', 'torn', 'wait']);
  assert.equal(byId.echo, {
    id: 'echo',
    name: 'echo',
    description: 'Says it again',
    input: { word: 'string' },
    execution: 'sequential',
    file: 'workflows/echo.yaml',
    activityCount: 1,
    valid: true,
    problems: [],
  });
  assert.is(byId.broken.valid, false);
  const [problem] = byId.broken.problems;
  assert.is(problem.file, 'workflows/broken.yaml');
  assert.ok(problem.line > 0 && problem.column > 0 && problem.code && problem.found && problem.expected);
  assert.is(byId.torn.valid, false);
});

start('a run without _workflowId gets a UUID and is answered 202 with its ids', async () => {
  const { status, body } = await api.post('/workflows/echo/run', { word: 'hi' });
  assert.is(status, 202);
  const { workflowId, runId, ...rest } = body;
  assert.match(workflowId, UUID);
  assert.match(runId, UUID);
  assert.equal(rest, { workflow: 'echo', branch: null, status: 'in-progress', deduplicated: false });
});

start('a run is there as soon as it was started, by run id and by workflow id', async () => {
  for (let i = 0; i < 10; i += 1) {
    const { body } = await api.post('/workflows/echo/run', { word: String(i) });
    for (const id of [body.runId, body.workflowId]) {
      const shown = await api.get(`/workflows/echo/runs/${id}`);
      assert.is(shown.status, 200, JSON.stringify(shown.body));
      assert.is(shown.body.runId, body.runId);
    }
  }
});

start('_workflowId is the id of the run in Temporal and no part of its input', async () => {
  const id = 'prebill-enc/123 "ü"';
  const { body } = await api.post('/workflows/echo/run', { word: 'hi', _workflowId: id });
  assert.is(body.workflowId, id);
  const view = await stand.follow('echo', body.runId);
  assert.is(view.workflowId, id);
  assert.equal(view.input, { word: 'hi' });
  assert.equal(activityOf(view, 'say').output, { all: { word: 'hi' } });
  assert.is((await api.get(`/workflows/echo/runs/${encodeURIComponent(id)}`)).body.runId, body.runId);
});

start('a start under the id of a closed run begins a new one; the workflow id shows the latest', async () => {
  const input = { word: 'again', _workflowId: 'twice' };
  const first = await stand.run('echo', input);
  const second = await stand.run('echo', input);
  assert.is(second.workflowId, first.workflowId);
  assert.is.not(second.runId, first.runId);
  assert.is((await api.get('/workflows/echo/runs/twice')).body.runId, second.runId);
  assert.is((await api.get(`/workflows/echo/runs/${first.runId}`)).body.runId, first.runId);
});

start('a second start under a running id starts nothing; another tenant learns nothing about it', async () => {
  const input = { tenantOrganizationId: 'org-1', _workflowId: 'one-at-a-time' };
  const first = await api.post('/workflows/wait/run', input);
  assert.is(first.status, 202);
  const second = await api.post('/workflows/wait/run', input);
  assert.is(second.status, 200);
  assert.equal(second.body, { ...first.body, deduplicated: true });
  for (const other of [{ ...input, tenantOrganizationId: 'org-2' }, { _workflowId: 'one-at-a-time' }]) {
    const answer = await api.post('/workflows/wait/run', other);
    assertRefused(answer, 409, 'WORKFLOW_ID_TAKEN');
    assert.not.match(JSON.stringify(answer.body), /org-1|in-progress/);
    assert.not.ok(JSON.stringify(answer.body).includes(first.body.runId));
  }
  await stand.host.runs.cancel(first.body);
  const view = await stand.follow('wait', first.body.runId);
  assert.is(view.error?.code, 'CANCELLED');
});

start('an unknown workflow is 404, and ids that name no file are too', async () => {
  for (const id of ['nothing', '..', '%2e%2e%2fecho', 'a%2Fb', '%00', 'x'.repeat(200)]) {
    const answer = await api.post(`/workflows/${id}/run`, {});
    assert.is(answer.status, 404, `${id}: ${JSON.stringify(answer.body)}`);
  }
  const unknown = await api.post('/workflows/nothing/run', {});
  assertRefused(unknown, 404, 'WORKFLOW_NOT_FOUND');
  assert.equal(
    [unknown.body.where, unknown.body.found, unknown.body.expected],
    ['workflow "nothing"', 'no file workflows/nothing.yaml', 'a workflow of the project'],
  );
});

start('an invalid workflow is 422 with its problems, and nothing is started', async () => {
  for (const [id, code] of [
    ['broken', /CHILD_UNKNOWN|ROOT|SCRIPT/],
    ['torn', /YAML/],
  ] as const) {
    const answer = await api.post(`/workflows/${id}/run`, {});
    assertRefused(answer, 422, 'WORKFLOW_INVALID');
    assert.ok(answer.body.problems.length > 0);
    assert.match(JSON.stringify(answer.body.problems), code);
    assert.is(await openRuns(id), 0);
  }
});

start('a body that is no JSON object is 400', async () => {
  for (const body of ['{', '[]', '"text"', '1', 'true', '{"__proto__":{"x":1}}', '{"a":{"__proto__":{"x":1}}}']) {
    const answer = await api.post('/workflows/echo/run', body);
    assertRefused(answer, 400, 'BODY_INVALID');
    assert.is(answer.body.where, 'body');
    assert.ok(answer.body.found && answer.body.expected, body);
  }
  const form = await api.post('/workflows/echo/run', 'word=hi', {
    'content-type': 'application/x-www-form-urlencoded',
  });
  assertRefused(form, 415, 'MEDIA_TYPE_UNSUPPORTED');
  assert.is(form.body.expected, 'application/json');
});

start('an empty body is an empty input', async () => {
  const { status } = await api.send('POST', '/workflows/echo/run');
  assert.is(status, 202);
});

start('a body of more than 1 MiB is 413', async () => {
  assertRefused(await api.post('/workflows/echo/run', { word: 'x'.repeat(1024 * 1024) }), 413, 'BODY_TOO_LARGE');
  assert.is((await api.post('/workflows/echo/run', { word: 'x'.repeat(900 * 1024) })).status, 202);
});

start('a _workflowId that is not a string of 1 to 255 characters is 400', async () => {
  for (const id of ['', 'x'.repeat(256), 7, null, ['a'], {}, '\ud800']) {
    assertRefused(await api.post('/workflows/echo/run', { _workflowId: id }), 400, 'WORKFLOW_ID_INVALID');
  }
});

start('a tenant that could leave its prefix is 400', async () => {
  for (const tenant of ['', '.', '..', 'a/b', 'a b', 'x'.repeat(65), 'ü', null, 1, ['org-1'], 'a\u0000']) {
    const answer = await api.post('/workflows/echo/run', { tenantOrganizationId: tenant });
    assertRefused(answer, 400, 'TENANT_INVALID');
  }
  const long = await api.post('/workflows/echo/run', { tenantOrganizationId: 'x'.repeat(100_000) });
  assert.ok(JSON.stringify(long.body).length < 1000, 'the answer repeats the input at length');
});

start('input that the workflow does not declare is a warning and stops nothing', async () => {
  const { status, body } = await api.post('/workflows/echo/run', { wrod: 'hi' });
  assert.is(status, 202);
  assert.match(body.warnings[0], /wrod/);
});

start('another path is 404, another method 405', async () => {
  assertRefused(await api.get('/nothing/here'), 404, 'NOT_FOUND');
  assertRefused(await api.send('DELETE', '/workflows'), 405, 'METHOD_NOT_ALLOWED');
  const wrong = await api.get('/workflows/echo/run');
  assertRefused(wrong, 405, 'METHOD_NOT_ALLOWED');
  assert.is(wrong.headers.get('allow'), 'POST');
  assertRefused(await api.get('/workflows/%zz/runs'), 400, 'BODY_INVALID');
});

start('requestId says nothing about the machine and stands in the log', async () => {
  const { body } = await api.get('/nothing/here');
  assert.match(body.requestId, UUID);
  await eventually(async () => {
    const log = await readFile(join(stand.dataDir, 'host.log'), 'utf8').catch(() => '');
    return log.includes(body.requestId) ? true : null;
  });
});

start.run();
