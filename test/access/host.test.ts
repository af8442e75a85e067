// timeout: 120
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../host/api/endpoint.ts';
import { ENDPOINTS } from '../../host/api/server.ts';
import { startDevelopment } from '../../host/development.ts';
import { readEnvironment } from '../../host/env.ts';
import { type Answer, caller, eventually } from '../api/call.ts';
import { cloister } from '../cli/command.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

const ONE = { rootChildren: ['a'], activities: [{ id: 'a', name: 'a', script: './activities/a.ts', timeout: '120s' }] };
const PLUGIN = {
  manifest: {
    name: '@theirs/own',
    version: '1.0.0',
    description: 'd',
    capabilities: ['log'],
    scripts: { go: 'go.ts' },
  },
  files: { 'go.ts': 'export const description = "d";\nexport async function main() { return 1; }\n' },
};

interface Context {
  readonly owned: AsyncDisposableStack;
  readonly folder: string;
  readonly url: string;
  /** An admin bound to the tenant `org-mine`, and one bound to `org-theirs`. */
  readonly mine: string;
  readonly theirs: string;
  /** What belongs to `org-theirs`. */
  readonly foreign: Readonly<
    Record<'runId' | 'workflowId' | 'keyId' | 'projectId' | 'drawnId' | 'componentId', string>
  >;
}

const test = suite<Context>('tenants of a host');

test.before(async (context) => {
  const owned = new AsyncDisposableStack();
  Object.assign(context, { owned });
  const project = await temporaryFolder('project');
  const data = await temporaryFolder('data');
  owned.defer(() => data.remove());
  owned.defer(() => project.remove());
  const slow = script('a', 'await new Promise((resolve) => setTimeout(resolve, 60_000)); return 1;');
  await writeFiles(project.path, { ...workflow('hello', ONE), ...slow });
  const host = await startDevelopment({
    environment: readEnvironment({ ...process.env, CLOISTER_LIMIT_STARTS: '5', CLOISTER_LIMIT_WRITES: '1000' }),
    projectDir: project.path,
    dataDir: `${data.path}/.cloister`,
    port: 0,
    progress: () => undefined,
  });
  owned.defer(() => host.close());
  const { post } = caller(host.url);
  const key = async (tenant: string) => (await post('/keys', { name: tenant, role: 'admin', tenant })).body;
  const [mine, theirs] = [await key('org-mine'), await key('org-theirs')];
  const workflowId = `theirs-${randomUUID()}`;
  const run = (await post('/workflows/hello/run', { _workflowId: workflowId }, as(theirs.key))).body;
  assert.is((await post('/plugins', PLUGIN, as(theirs.key))).status, 201);
  const made = async (path: string, body: object): Promise<string> => (await post(path, body, as(theirs.key))).body.id;
  const projectId = await made('/projects', { name: 'theirs' });
  const drawnId = await made(`/projects/${projectId}/workflows`, { name: 'drawn' });
  const componentId = await made(`/projects/${projectId}/components`, { name: 'c', code: 'export const c = 1;' });
  const foreign = { runId: run.runId, workflowId, keyId: theirs.id, projectId, drawnId, componentId };
  Object.assign(context, { folder: data.path, url: host.url, mine: mine.key, theirs: theirs.key, foreign });
});
test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

const as = (key: string) => ({ authorization: `Bearer ${key}` });

/** Parameters of a path that name something of a tenant: foreign ones, each beside one that does not exist. */
function pairsFor({ path, operation }: Endpoint, { foreign }: Context): Record<string, string>[][] {
  const missing = randomUUID();
  if (path.includes('{projectId}')) {
    const { projectId, componentId, drawnId: workflowId } = foreign;
    return [
      [
        { projectId, workflowId, componentId },
        { projectId: missing, workflowId, componentId },
      ],
    ];
  }
  if (operation === 'publish-project-workflow') return [[{ id: foreign.drawnId }, { id: missing }]];
  if (path.includes('{runId}')) {
    return [
      [
        { id: 'hello', runId: foreign.runId },
        { id: 'hello', runId: missing },
      ],
      [
        { id: 'hello', runId: foreign.workflowId },
        { id: 'hello', runId: `theirs-${missing}` },
      ],
    ];
  }
  if (path.startsWith('/keys/')) return [[{ id: foreign.keyId }, { id: missing }]];
  if (path.startsWith('/plugins/')) {
    const more = { version: '1.0.0', channel: 'latest' };
    return [
      [
        { scope: '@theirs', name: 'own', ...more },
        { scope: '@theirs', name: 'abc', ...more },
      ],
    ];
  }
  // Workflows are the project's, which all tenants share.
  if (path.startsWith('/workflows/{id}')) return [];
  throw new Error(`${operation}: say here what is foreign, and what is missing`);
}

/** Bodies that are needed to get as far as the id. */
const BODIES: Readonly<Record<string, object>> = {
  'move-plugin-channel': { version: '1.0.0' },
  'deprecate-plugin-version': { message: 'old' },
  'create-project-workflow': { name: 'x' },
  'create-component': { name: 'x', code: 'x' },
  'run-project-workflow': { type: 'x' },
  'signal-project-run': { name: 'x' },
};

/** The answer without what differs by nature: the request's id, and the very ids that were asked for. */
async function answer({ url, mine }: Context, { method, path, operation }: Endpoint, params: Record<string, string>) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? `{${name}}`);
  const body = method === 'GET' || method === 'DELETE' ? undefined : (BODIES[operation] ?? {});
  const { status, body: given } = await caller(url).send(method, filled, body, as(mine));
  const { requestId: _, ...rest } = given as Answer['body'];
  let text = JSON.stringify(rest);
  for (const value of Object.values(params)) text = text.replaceAll(value, 'ID');
  return { status, text };
}

test("ADM-02: what is another tenant's is answered exactly as what does not exist, on every endpoint with an id", async (context) => {
  const own = ENDPOINTS.filter(
    ({ access, path }) => typeof access !== 'string' && access.tenants === 'own' && path.includes('{'),
  );
  let compared = 0;
  for (const made of own) {
    for (const [foreign = {}, missing = {}] of pairsFor(made, context)) {
      const [found, expected] = [await answer(context, made, foreign), await answer(context, made, missing)];
      assert.is(expected.status, 404, `${made.operation} ${expected.text}`);
      assert.equal(found, expected, made.operation);
      compared++;
    }
  }
  assert.ok(compared >= 15, `${compared} compared`);
  // And nothing of it was touched.
  const { url, theirs, foreign } = context;
  const { get } = caller(url);
  assert.is((await get(`/workflows/hello/runs/${foreign.runId}`, as(theirs))).body.status, 'in-progress');
  assert.is((await get(`/keys/${foreign.keyId}`, as(theirs))).body.status, 'active');
  assert.is((await get('/plugins/@theirs/own', as(theirs))).status, 200);
});

test("ADM-02: no list shows a tenant what is another's, whatever it asks for", async ({
  url,
  mine,
  theirs,
  foreign,
}) => {
  const lists = ENDPOINTS.filter(
    ({ access, path, method }) =>
      typeof access !== 'string' &&
      access.tenants === 'own' &&
      method === 'GET' &&
      !path.replace('{id}', '').includes('{'),
  );
  const canaries = [...Object.values(foreign), '@theirs/own', 'org-theirs'];
  for (const { path, operation } of lists.filter(({ path }) => !path.startsWith('/keys/'))) {
    const list = path.replace('{id}', 'hello');
    for (const query of ['', '?tenant=org-theirs']) {
      const { body } = await caller(url).get(`${list}${query}`, as(mine));
      const text = JSON.stringify(body).replaceAll('query tenant', '');
      for (const canary of canaries) assert.ok(!text.includes(canary), `${operation}${query} shows ${canary}`);
    }
  }
  const seen = JSON.stringify((await caller(url).get('/runs', as(theirs))).body);
  assert.ok(seen.includes(foreign.runId), 'those whose it is do see it');
});

test('a caller bound to a tenant starts runs of that tenant, and of no other', async ({ url, mine }) => {
  const { post, get } = caller(url);
  const started = await post('/workflows/hello/run', { a: 1 }, as(mine));
  assert.is(started.status, 202, JSON.stringify(started.body));
  const view = (await get(`/workflows/hello/runs/${started.body.runId}`, as(mine))).body;
  assert.equal(view.input, { a: 1, tenantOrganizationId: 'org-mine' });
  assert.is((await post('/workflows/hello/run', { tenantOrganizationId: 'org-theirs' }, as(mine))).status, 403);
  const events = await eventually(async () => {
    const { body } = await get('/audit?kind=write', as(mine));
    return body.events.length >= 2 ? body.events : null;
  });
  const told = events.map(({ operation, outcome, tenant, target }: Record<string, unknown>) => [
    operation,
    outcome,
    tenant,
    target,
  ]);
  assert.equal(told.slice(0, 2), [
    ['run-workflow', 'FORBIDDEN', 'org-mine', { id: 'hello' }],
    ['run-workflow', 'OK', 'org-mine', { id: 'hello', started: started.body.runId }],
  ]);
  assert.is((await post(`/workflows/hello/runs/${started.body.runId}/terminate`, {}, as(mine))).status < 300, true);
});

test('ADM-11: a tenant that starts too much waits; the starts of another and of the host are taken', async ({
  url,
  mine,
  theirs,
}) => {
  const { post } = caller(url);
  const start = (key: string) => post('/workflows/nothing/run', {}, as(key));
  const flood = Promise.all(Array.from({ length: 200 }, () => start(mine)));
  const calm = await Promise.all([start(theirs), start(theirs), post('/workflows/nothing/run', {})]);
  assert.equal(
    calm.map(({ status }) => status),
    [404, 404, 404],
  );
  const refused = (await flood).filter(({ status }) => status === 429);
  assert.ok(refused.length >= 100, `${refused.length} of 200`);
  assert.ok(refused.every(({ headers }) => Number(headers.get('retry-after')) >= 1));
});

test('a developer on loopback needs no token, but a wrong one is refused', async ({ url }) => {
  const { get } = caller(url);
  assert.is((await get('/tenants')).status, 200);
  for (const token of ['x', 'a.b.c', `ck_${'0'.repeat(12)}_${'A'.repeat(43)}`]) {
    assert.is((await get('/tenants', as(token))).status, 401, token);
  }
});

test('cloister admin create-key makes a key beside the host that runs', async ({ url, folder }) => {
  const ended = await cloister(
    folder,
    'admin',
    'create-key',
    '--role',
    'viewer',
    '--tenant',
    'org-mine',
    '--expires',
    '1h',
  );
  assert.is(ended.code, 0, ended.stderr);
  const key = ended.stdout.trim();
  assert.match(key, /^ck_[0-9a-f]{12}_[\w-]{43}$/);
  assert.ok(!ended.stderr.includes(key.split('_').slice(2).join('_')));
  const { get } = caller(url);
  assert.is((await get('/workflows', as(key))).status, 200);
  assert.is((await get('/keys', as(key))).status, 403);
  const made = (await get('/audit?tenant=org-mine&actor=command%20line')).body.events;
  assert.equal(
    made.map(({ operation }: { operation: string }) => operation),
    ['create-key'],
  );
});

test.run();
