// timeout: 120
/** Calls that Aidbox passes on, and the document with its page, at a whole host. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENDPOINTS } from '../../host/api/server.ts';
import { type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';
import { type Answer, caller } from './call.ts';

const test = suite('calls by RPC');
const SECRET = 'correct-horse-battery-staple';
const SIGNED = { authorization: `Basic ${btoa(`ts-billing-app:${SECRET}`)}` };
let stand: TestHost;
let api: ReturnType<typeof caller>;

test.before(async () => {
  const files = workflow('echo', { rootChildren: ['a'], activities: [{ id: 'a', script: './activities/echo.ts' }] });
  stand = await testHost({ ...script('echo', 'return input;'), ...files }, { appSecret: SECRET });
  api = caller(stand.host.url);
});
test.after(() => stand.close());

/** As Aidbox sends it. */
const envelope = (id: string, request: Record<string, unknown> = {}) => ({
  type: 'operation',
  operation: { id, app: { id: 'ts-billing-app' } },
  request: { headers: { host: 'aidbox.example' }, ...request },
});
const rpc = (body: unknown, headers: Record<string, string> = SIGNED): Promise<Answer> =>
  api.post('/rpc', body, headers);
const userOf = (...organizations: string[]) => ({
  id: 'ann',
  meta: {
    extension: organizations.map((id) => ({
      url: 'https://aidbox.app/tenant-organization-id',
      value: { Reference: { id, resourceType: 'Organization' } },
    })),
  },
});

test('API-4: run-workflow by an envelope does what POST /workflows/:id/run does', async () => {
  const request = { resource: { x: 1, _workflowId: 'by-rpc' }, 'route-params': { id: 'echo' } };
  const { status, body } = await rpc(envelope('run-workflow', request));
  assert.is(status, 202, JSON.stringify(body));
  assert.equal([body.workflowId, body.workflow, body.status], ['by-rpc', 'echo', 'in-progress']);
  const view = await stand.follow('echo', body.runId);
  assert.is(view.status, 'completed');
  const shown = await rpc(envelope('get-run', { 'route-params': { id: 'echo', runId: body.runId } }));
  const direct = await api.get(`/workflows/echo/runs/${body.runId}`);
  assert.equal([shown.status, shown.body], [direct.status, direct.body]);
});

test('the form { method, params } is answered by result or error', async () => {
  const call = (method: string, params: unknown) => rpc({ method, params });
  const started = await call('ts-billing-app.run-workflow', { id: 'echo', body: { _workflowId: 'by-name' } });
  assert.equal([started.status, started.body.result?.workflowId], [200, 'by-name'], JSON.stringify(started.body));
  const list = await call('ts-billing-app.list-runs', { id: 'echo', limit: 1 });
  assert.is(list.body.result.runs.length, 1);
  const missing = await call('ts-billing-app.run-workflow', { id: 'nothing', body: {} });
  assert.equal([missing.status, missing.body.error.code], [200, 'WORKFLOW_NOT_FOUND']);
  assert.type(missing.body.error.requestId, 'string');
});

test('errors of the endpoint come with their status, code and place', async () => {
  const missing = await rpc(envelope('run-workflow', { resource: {}, 'route-params': { id: 'nothing' } }));
  assert.equal([missing.status, missing.body.code], [404, 'WORKFLOW_NOT_FOUND']);
  const list = await rpc(envelope('list-runs', { 'route-params': { id: 'echo' }, params: { limit: '0' } }));
  assert.equal([list.status, list.body.code, list.body.where], [400, 'BODY_INVALID', 'query limit']);
  const branch = await rpc(envelope('list-workflows', { params: { branch: ['-x'] } }));
  assert.equal([branch.status, branch.body.code], [400, 'BRANCH_INVALID']);
});

test('without the name and secret of the App nothing is looked at: 401', async () => {
  const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
  const wrong: Record<string, string>[] = [
    {},
    { authorization: 'Basic' },
    { authorization: `Bearer ${SECRET}` },
    basic(''),
    basic('ts-billing-app:'),
    basic('ts-billing-app'),
    basic(`ts-billing-app:${SECRET}x`),
    basic(`other:${SECRET}`),
    basic(`:${SECRET}`),
  ];
  for (const headers of wrong) {
    for (const body of [envelope('list-workflows'), { method: 'x' }, {}, []]) {
      const answer = await rpc(body, headers);
      assert.equal([answer.status, answer.body.code], [401, 'UNAUTHORIZED'], JSON.stringify(headers));
    }
  }
});

test('a body of another form is 400', async () => {
  for (const body of [{}, [], { type: 'operation' }, { method: 1 }, { ...envelope('list-workflows'), request: [] }]) {
    const answer = await rpc(body);
    assert.equal([answer.status, answer.body.code], [400, 'BODY_INVALID'], JSON.stringify(body));
  }
  // Of both forms a bit: the one that is whole counts.
  for (const more of [{ operation: 1 }, { type: 'operation', operation: { id: 'list-workflows' } }]) {
    const { body } = await rpc({ method: 'list-workflows', ...more });
    assert.ok(body.result.workflows, JSON.stringify(body));
  }
  const foreign = { ...envelope('list-workflows'), operation: { id: 'list-workflows', app: { id: 'another-app' } } };
  assert.is((await rpc(foreign)).status, 400);
});

test('what is no operation is 404: unknown, /rpc itself, open endpoints, access to the host', async () => {
  const left = ENDPOINTS.filter(({ access }) => typeof access === 'string' || access.scope.startsWith('access:'));
  const names = ['', 'nothing', '__proto__', 'constructor', ...left.map(({ operation }) => operation)];
  assert.ok(names.includes('rpc') && names.includes('get-health'));
  for (const name of names) {
    for (const each of [name, `ts-billing-app.${name}`]) {
      const { status, body } = await rpc(envelope(each));
      assert.equal([status, body.code], [404, 'NOT_FOUND'], each);
    }
  }
});

test('a parameter of the path leads to no other endpoint', async () => {
  for (const id of ['..', '.', '', '../..', 'a/b', '%2e%2e', '\u0000', '\ud800', '?x', '#x', 'x'.repeat(2000)]) {
    const { status, body } = await rpc(envelope('get-run', { 'route-params': { id, runId: 'x' } }));
    assert.ok(status === 400 || status === 404, `${id}: ${status} ${JSON.stringify(body)}`);
    assert.ok(['BODY_INVALID', 'WORKFLOW_NOT_FOUND', 'RUN_NOT_FOUND'].includes(body.code), `${id}: ${body.code}`);
  }
  for (const params of [{}, { id: null }, { id: ['echo'] }, { id: {} }]) {
    const { status, body } = await rpc(envelope('list-runs', { 'route-params': params }));
    assert.equal([status, body.where], [400, 'body path id'], JSON.stringify(params));
  }
});

test('a user or client of an Organization is bound to that tenant, and meets nothing of others', async () => {
  const input = { tenantOrganizationId: 'org-a', _workflowId: 'of-a' };
  const request = { resource: input, 'route-params': { id: 'echo' } };
  const started = await rpc(envelope('run-workflow', { ...request, 'oauth/user': userOf('org-a') }));
  assert.is(started.status, 202, JSON.stringify(started.body));
  const show = (who: Record<string, unknown>) =>
    rpc(envelope('get-run', { 'route-params': { id: 'echo', runId: started.body.runId }, ...who }));
  assert.is((await show({ 'oauth/user': userOf('org-a') })).status, 200);
  assert.is((await show({ 'oauth/client': userOf('org-a') })).status, 200);
  for (const who of [{ 'oauth/user': userOf('org-b') }, { 'oauth/client': userOf('org-b') }]) {
    const { status, body } = await show(who);
    assert.equal([status, body.code], [404, 'RUN_NOT_FOUND']);
  }
  const stopped = await rpc(envelope('list-quarantines', { 'oauth/user': userOf('org-a') }));
  assert.equal([stopped.status, stopped.body.code], [403, 'FORBIDDEN']);
});

test('whoever belongs to several Organizations, or to one that cannot be read, is refused', async () => {
  const odd = [
    userOf('a', 'b'),
    userOf('..'),
    userOf(''),
    { meta: { extension: 'x' } },
    { meta: { extension: [{ url: 1 }] } },
  ];
  const reference = { valueReference: { reference: 'Patient/1' } };
  const twoNames = { valueReference: { id: 'org-a', reference: 'Organization/org-b' } };
  const found = [reference, twoNames].map((each) => {
    return { meta: { extension: [{ url: 'https://aidbox.app/tenant-organization-id', ...each }] } };
  });
  for (const user of [...odd, ...found]) {
    const { status, body } = await rpc(envelope('list-workflows', { 'oauth/user': user }));
    assert.equal([status, body.code], [403, 'FORBIDDEN'], JSON.stringify(user));
  }
  const both = { 'oauth/user': userOf('org-a'), 'oauth/client': userOf('org-b') };
  assert.is((await rpc(envelope('list-workflows', both))).status, 403);
});

test('headers of the envelope make nobody anything', async () => {
  const headers = { authorization: 'Bearer x', 'x-forwarded-for': '1.2.3.4', host: 'evil.example', origin: 'null' };
  assert.is((await rpc(envelope('list-workflows', { headers }))).status, 200);
});

test('/openapi.json is the document, and /docs a page that runs no inline script and loads nothing from elsewhere', async () => {
  // Of somebody who may call nothing.
  const document = await api.get('/openapi.json', { origin: 'http://elsewhere.example' });
  assert.is(document.body.openapi, '3.1.0');
  assert.is(document.body.paths['/rpc'].post.operationId, 'rpc');
  const page = await fetch(`${stand.host.url}/docs`);
  const text = await page.text();
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
  assert.not.match(policy, /unsafe|http|\*/);
  assert.not.match(text, /<script>|<style|\son\w+=|https?:/);
  const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
  assert.equal(files, ['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/page.js']);
  for (const file of files) {
    for (const encoding of ['gzip', 'identity']) {
      const answer = await fetch(`${stand.host.url}${file}`, { headers: { 'accept-encoding': encoding } });
      assert.is(answer.status, 200, file);
      assert.match(answer.headers.get('content-type') ?? '', file.endsWith('.css') ? 'text/css' : 'text/javascript');
      assert.ok((await answer.text()).length > 50);
    }
  }
  for (const odd of ['..%2fpackage.json', 'index.html', '__proto__', 'swagger-ui.css%00']) {
    assert.ok([400, 404].includes((await api.get(`/docs/${odd}`)).status), odd);
  }
});

test.run();
