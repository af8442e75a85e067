/** What every request gets, shown on an API without Temporal: its id, its line in the log, its figures, and an end in order. */
import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Api, type ApiOptions, startApi } from '../../host/api/server.ts';
import { createLog } from '../../host/log.ts';
import { Meter } from '../../host/metrics/meter.ts';
import { UNTRACED } from '../../host/tracing/tracing.ts';

const requests = suite('requests to the API');
const TOKEN = 'canary-token-0f1e2d3c4b5a6978';
const CANARY = 'canary-of-the-sender-5a6b7c8d';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const lines: string[] = [];
const sink = new Writable({
  write(chunk, _encoding, done) {
    lines.push(String(chunk));
    done();
  },
});
const log = createLog('trace', sink);
const stopping = new AbortController();
const state = { fhir: 'up' };
let asked = 0;
let api: Api;

requests.before(async () => {
  const never = (): never => {
    throw new Error(`the part said ${CANARY} with Bearer ${TOKEN}`);
  };
  // Parts that only the endpoints of other tests reach.
  const parts = { shelf: { workflows: never, branch: never, check: never }, runs: {} } as unknown as ApiOptions;
  api = await startApi({
    ...parts,
    ward: null,
    plugins: null,
    webhooks: null,
    repository: null,
    unscopedRuns: 'allow',
    appSecret: null,
    triggers: null,
    schedules: null,
    chores: null,
    operations: { meter: new Meter(), tracing: UNTRACED, stopping: stopping.signal },
    checks: new Map([
      [
        'fhir',
        async () => {
          asked += 1;
          if (state.fhir === 'down') throw new Error('down');
        },
      ],
      ['triggers', async () => Promise.reject(new Error('not synced'))],
    ]),
    load: null,
    access: { kind: 'token', token: TOKEN },
    address: '127.0.0.1',
    port: 0,
    log,
  });
});
requests.after(() => api.close());

async function call(path: string, init: RequestInit = {}) {
  const response = await fetch(`${api.url}${path}`, init);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const body = (type.includes('json') ? JSON.parse(text) : {}) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, text, body };
}

const known = { authorization: `Bearer ${TOKEN}` };

/** Lines of the log about one request. */
const about = (requestId: string): Record<string, unknown>[] =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.requestId === requestId);

requests('a well-formed X-Request-Id is kept, any other is replaced; errors and the header name it', async () => {
  const kept = await call('/workflows', { headers: { 'x-request-id': 'from-the-proxy_1.2:3' } });
  assert.is(kept.status, 401);
  assert.is(kept.headers.get('x-request-id'), 'from-the-proxy_1.2:3');
  assert.is(kept.body.requestId, 'from-the-proxy_1.2:3');
  for (const given of ['', 'with blank', '"quoted"', 'a'.repeat(129), '{}', '-x']) {
    const { headers } = await call('/health', { headers: { 'x-request-id': given } });
    assert.match(headers.get('x-request-id') ?? '', UUID, given);
  }
});

requests(
  'each request has one line: who, which operation, how it ended and how long it took, and nothing else',
  async () => {
    const ids = { refused: 'line-1', failed: 'line-2', unknown: 'line-3' };
    const init = (id: string) => ({ headers: { ...known, 'x-request-id': id } });
    await call(`/metrics?_x=${CANARY}`, init(ids.refused));
    await call(`/workflows?branch=${CANARY}`, init(ids.failed));
    await call(`/${CANARY}?y=1`, init(ids.unknown));
    const [line, ...more] = about(ids.refused);
    assert.is(more.length, 0);
    const { level, time, pid, hostname, ms, ...rest } = line ?? {};
    assert.type(ms, 'number');
    assert.equal(rest, {
      requestId: ids.refused,
      method: 'GET',
      path: '/metrics',
      operation: 'get-metrics',
      status: 200,
      caller: 'administrator',
      tenant: null,
      msg: 'request',
    });
    const [nowhere] = about(ids.unknown);
    assert.equal([nowhere?.status, nowhere?.operation, nowhere?.path], [404, 'none', '/{any*}']);
    const failed = about(ids.failed);
    assert.equal(
      failed.map(({ msg, code, status }) => [msg, code, status]),
      [
        ['a request failed', 'INTERNAL', undefined],
        ['request', 'INTERNAL', 500],
      ],
    );
  },
);

requests('no line holds a token, a cookie, a query or a body, whatever is logged', async () => {
  const headers = { ...known, cookie: `session=${CANARY}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ note: CANARY });
  await call(`/workflows/x/run?secret=${CANARY}`, { method: 'POST', headers, body });
  await call(`/workflows?token=${TOKEN}`, { headers: { authorization: 'Bearer wrong' } });
  const error = Object.assign(new Error(`GET https://user:${CANARY}@example.org failed: Bearer ${TOKEN}`), {
    config: { headers: { authorization: TOKEN } },
    cause: new Error(`basic ${CANARY}`),
  });
  log.error({ err: error, headers: { authorization: TOKEN, cookie: CANARY }, req: { headers: { cookie: CANARY } } });
  log.info({ token: TOKEN, settings: { secret: CANARY, apikey: TOKEN, db: { jwtSecret: CANARY } } });
  log.warn(`asked https://user:${TOKEN}@example.org/x with Basic ${TOKEN}`);
  const text = lines.filter((line) => !line.includes('the part said')).join('');
  assert.not.match(text, TOKEN);
  assert.not.match(text, CANARY);
  assert.not.match(lines.join(''), TOKEN, 'not even out of the text of an error');
  assert.match(text, '***');
});

requests('who may read operations sees the figures; nobody else does', async () => {
  assert.is((await call('/metrics')).status, 401);
  const { status, headers, text } = await call('/metrics', { headers: known });
  assert.is(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(text, /cloister_http_request_duration_seconds_count\{operation="get-metrics",status="401"\} \d/);
  assert.match(text, /process_cpu_seconds_total \d/);
  assert.match(text, /nodejs_eventloop_lag_p99_seconds \S/);
  assert.not.match(text, CANARY);
});

requests(
  'GET /ready tells each part with its latency, is asked of the parts once a second, and is 503 when one is down',
  async () => {
    const before = asked;
    const [ready] = await Promise.all([call('/ready'), call('/ready'), call('/health')]);
    assert.ok(asked - before <= 1);
    assert.is(ready.status, 200, 'what mends itself does not count');
    const { checks, ...rest } = ready.body as { checks: Record<string, { status: string; latencyMs: number }> };
    assert.equal(rest, { ready: true, status: 'ready' });
    assert.equal(Object.keys(checks), ['fhir']);
    assert.is(checks.fhir?.status, 'up');
    assert.type(checks.fhir?.latencyMs, 'number');
    state.fhir = 'down';
    const limit = performance.now() + 5000;
    while ((await call('/ready')).status === 200) assert.ok(performance.now() < limit);
    const down = await call('/ready');
    assert.equal([down.status, down.body.status, down.body.reasons], [503, 'down', ['fhir does not answer']]);
  },
);

requests('headers that do not fit are refused before a request is one', async () => {
  const { status } = await call('/health', { headers: { 'x-large': 'x'.repeat(20_000) } });
  assert.is(status, 431);
});

requests('a host that is told to stop says so at once, and takes nothing but questions about itself', async () => {
  stopping.abort();
  const ready = await call('/ready');
  assert.equal([ready.status, ready.body.status], [503, 'stopping']);
  assert.is(ready.headers.get('connection'), 'close');
  assert.is((await call('/health')).status, 200);
  assert.is((await call('/metrics', { headers: known })).status, 200);
  const refused = await call('/workflows/x/run', { method: 'POST', headers: known });
  assert.equal([refused.status, refused.body.code, refused.headers.get('retry-after')], [503, 'STOPPING', '5']);
});

requests.run();
