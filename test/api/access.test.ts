import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Access } from '../../host/api/access.ts';
import type { Api } from '../../host/api/server.ts';
import { caller, sendBytes, statusWithHost } from './call.ts';
import { apiStand } from './stand.ts';

const access = suite('who may call the API');
const TOKEN = 'correct horse battery staple'.replaceAll(' ', '-');
const owned = new AsyncDisposableStack();
let start: (access: Access, address?: string) => Promise<Api>;

/** Every path of the API but /health, and one that does not exist. */
const PATHS = ['/workflows', '/workflows/hello/runs', '/workflows/hello/runs/x', '/nothing'];

access.before(async () => {
  const stand = owned.use(await apiStand());
  start = (by, address = '127.0.0.1') => stand.start(by, { address });
});
access.after(async () => {
  await owned.disposeAsync();
});

access('with a token, a call without it or with another is 401, and with it passes', async () => {
  const { url } = await start({ kind: 'token', token: TOKEN });
  const api = caller(url);
  const wrong = ['', 'Bearer', 'Bearer ', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN];
  for (const authorization of wrong) {
    for (const path of PATHS) {
      const { status, body, headers } = await api.get(path, { authorization });
      assert.is(status, 401, `${path} ${authorization}`);
      assert.is(body.code, 'UNAUTHORIZED');
      assert.is(headers.get('www-authenticate'), 'Bearer');
    }
    const started = await api.post('/workflows/hello/run', {}, { authorization });
    assert.is(started.status, 401, `run ${authorization}`);
  }
  const { status, body } = await api.get('/workflows', { authorization: `Bearer ${TOKEN}` });
  assert.is(status, 200);
  assert.is(body.workflows[0].id, 'hello');
});

access('an empty token does not start', async () => {
  for (const token of ['', ' ']) {
    const error = await start({ kind: 'token', token }).catch((reason: Error) => reason);
    assert.instance(error, Error);
    assert.match((error as Error).message, /token/);
  }
});

/** What `/health` tells everybody, beside the time. */
const OPEN_HEALTH = {
  status: 'degraded',
  service: 'temporal-worker-service',
  workers: 0,
  checks: { fhir: 'down' },
};

access('/health needs no token and names no address', async () => {
  const { url } = await start({ kind: 'token', token: TOKEN });
  const { status, body } = await caller(url).get('/health');
  assert.is(status, 200);
  const { uptime, ...rest } = body;
  assert.ok(uptime > 0);
  assert.equal(rest, OPEN_HEALTH);
});

access('/health has figures of the sandbox for those who may call the API, and no tenant in them', async () => {
  const { url } = await start({ kind: 'token', token: TOKEN });
  for (const authorization of ['', `Bearer ${TOKEN}x`, TOKEN]) {
    const { status, body } = await caller(url).get('/health', { authorization });
    assert.equal([status, { ...body, uptime: 0 }], [200, { ...OPEN_HEALTH, uptime: 0 }], authorization);
  }
  const { status, body } = await caller(url).get('/health', { authorization: `Bearer ${TOKEN}` });
  const { sandbox, uptime, ...rest } = body;
  assert.equal([status, rest, uptime > 0], [200, OPEN_HEALTH, true]);
  const { memoryMb, memoryGroups, rssMb, ...counts } = sandbox;
  const killed = { stuck: 0, memory: 0, silent: 0, protocol: 0, kernel: 0, catastrophe: 0, crash: 0 };
  const ends = { timeout: 0, heap: 0, watch: 0, killed };
  assert.equal(counts, { cells: 1, low: 0, running: 0, queued: 0, waiting: 7, kills: 0, ends });
  assert.ok(memoryMb.limit >= memoryMb.reserved && memoryMb.reserved > 0, JSON.stringify(memoryMb));
  assert.ok([null, 1, 2].includes(memoryGroups) && Number.isInteger(rssMb));
  assert.not.match(JSON.stringify(body), /org-secret|pid/);
});

access('on loopback, a Host or an Origin of somebody else is 401', async () => {
  const { url } = await start({ kind: 'loopback' });
  const { port, host } = new URL(url);
  for (const foreign of [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    '10.0.0.1',
    'localhost.',
  ]) {
    for (const path of PATHS) assert.is(await statusWithHost(`${url}${path}`, foreign), 401, `${path} ${foreign}`);
  }
  for (const own of [host, `localhost:${port}`, `LOCALHOST:${port}`]) {
    assert.is(await statusWithHost(`${url}/workflows`, own), 200, own);
  }
  const api = caller(url);
  const foreign = [
    'http://evil.example',
    'null',
    `https://${host}`,
    'http://127.0.0.1:1',
    `http://${host}.evil.example`,
  ];
  for (const origin of foreign) {
    assert.is((await api.get('/workflows', { origin })).status, 401, origin);
    assert.is((await api.post('/workflows/hello/run', {}, { origin })).status, 401, origin);
  }
  assert.is((await api.get('/workflows', { origin: `http://${host}` })).status, 200);
});

access('no answer lets another origin read it', async () => {
  const { url } = await start({ kind: 'loopback' });
  const { headers } = await caller(url).get('/workflows');
  assert.is(headers.get('access-control-allow-origin'), null);
  assert.is(headers.get('x-content-type-options'), 'nosniff');
  assert.is(headers.get('cache-control'), 'no-store');
  const preflight = await caller(url).send('OPTIONS', '/workflows');
  assert.is(preflight.headers.get('access-control-allow-origin'), null);
});

access('loopback access on an address that others reach does not start', async () => {
  const { url } = await start({ kind: 'loopback' });
  assert.match(url, /^http:\/\/127\.0\.0\.1:/);
  const error = await start({ kind: 'loopback' }, '0.0.0.0').catch((reason: Error) => reason);
  assert.instance(error, Error);
  assert.match((error as Error).message, /0\.0\.0\.0/);
});

access('while Temporal is down runs are answered with 503 at once, and nothing about the cause is told', async () => {
  const { url } = await start({ kind: 'loopback' });
  const api = caller(url);
  const answers = await Promise.all([api.post('/workflows/hello/run', {}), api.get('/workflows/hello/runs/some-run')]);
  for (const { status, body } of answers) {
    assert.is(status, 503);
    assert.is(body.code, 'TEMPORAL_UNAVAILABLE');
    assert.not.match(JSON.stringify(body), /127\.0\.0\.1|ECONN/);
  }
});

access('a Range has no meaning', async () => {
  const { url } = await start({ kind: 'loopback' });
  for (const range of ['bytes=0-1', 'bytes=99999-']) {
    const { status, body } = await caller(url).get('/workflows', { range });
    assert.is(status, 200, range);
    assert.is(body.workflows.length, 1);
  }
});

access('a body that goes on after its end is refused, and the host lives on', async () => {
  const { url } = await start({ kind: 'loopback' });
  const strays: unknown[] = [];
  const keep = (error: unknown) => strays.push(error);
  process.on('unhandledRejection', keep);
  for (const line of ['POST /workflows/hello/run', 'POST /workflows/hello/run HTTP/1.1']) {
    for (const rest of ['Content-Length: 2\r\n\r\n{}}', 'Transfer-Encoding: chunked\r\n\r\nZZ\r\n']) {
      const answer = await sendBytes(url, `${line}\r\nHost: ${new URL(url).host}\r\n${rest}`);
      assert.match(answer, /^(?:HTTP\/1\.1 40[01] |$)/);
    }
  }
  assert.is((await caller(url).get('/health')).status, 200);
  process.off('unhandledRejection', keep);
  assert.equal(strays, []);
});

access.run();
