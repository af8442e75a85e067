// timeout: 120
import { createHmac, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Ledger } from '../../host/webhooks/ledger.ts';
import { memoryDeliveries } from '../../host/webhooks/memory.ts';
import { Starter } from '../../host/webhooks/starts.ts';
import { type Answer, caller, eventually } from '../api/call.ts';
import { type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const receive = suite('webhooks');
const TOKEN = 'token-of-the-fhir-server';
const LAB = 'secret-of-the-laboratory';
const CLINIC = 'secret-of-another-clinic';
const KEY = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const BEARER = { authorization: `Bearer ${TOKEN}` };
/** A page of somebody else's: what the access check takes for a caller of the same machine no longer. */
const STRANGER = { origin: 'http://elsewhere.example' };

Object.assign(process.env, {
  CLOISTER_WEBHOOK_TOKEN: TOKEN,
  CLOISTER_WEBHOOK_SECRET_LAB: LAB,
  CLOISTER_WEBHOOK_SECRET_CLINIC: CLINIC,
  CLOISTER_WEBHOOK_SECRET_KEY: KEY,
  CLOISTER_WEBHOOK_SECRET_EMPTY: '',
});

let stand: TestHost;
let api: ReturnType<typeof caller>;

/** A trigger: its definition, and the body of `main({ resource, event, body, headers })`. */
function trigger(id: string, definition: object, body: string): Record<string, string> {
  const head = `import { fhir } from 'cloister';\nexport const description = 'test';\n`;
  return {
    [`triggers/${id}/definition.yaml`]: JSON.stringify({ workflow: 'echo', ...definition }),
    [`triggers/${id}/input-mapping.ts`]: `${head}export async function main({ resource, event, body, headers }: any): Promise<any> {\n${body}\n}\n`,
  };
}

const TOPIC = {
  resourceType: 'AidboxSubscriptionTopic',
  url: 'http://billing/triggers/x',
  status: 'active',
  trigger: [{ resource: 'Encounter' }],
};
const subscription = (id: string, body: string, more: object = {}) =>
  trigger(id, { subscriptionTopic: TOPIC, ...more }, body);
const webhook = (id: string, section: object, body: string) => trigger(id, { type: 'webhook', webhook: section }, body);

const FILES = {
  ...script('echo', 'return input;'),
  ...script('wait', 'await new Promise((done) => setTimeout(done, 20_000));'),
  ...workflow('echo', {
    rootChildren: ['say'],
    activities: [{ id: 'say', script: './activities/echo.ts', params: { all: '$input' } }],
  }),
  ...workflow('wait', { rootChildren: ['wait'], activities: [{ id: 'wait', script: './activities/wait.ts' }] }),
  ...subscription('plain', 'return { id: resource.id, event };'),
  ...subscription(
    'choosy',
    `switch (resource.id) {
      case 'none': return null;
      case 'tenant': return { tenantOrganizationId: '../x' };
      case 'long': return { _workflowId: 'x'.repeat(256) };
      case 'throws': throw new Error('a secret of the clinic');
      case 'spins': for (;;);
      default: return { id: resource.id };
    }`,
  ),
  ...subscription('named', `return { _workflowId: 'named-' + resource.id, tenantOrganizationId: resource.tenant };`, {
    workflow: 'wait',
  }),
  ...subscription(
    'reader',
    `const found = await fhir.search('Patient', {});
    const refused = await fhir.create({ resourceType: 'Patient' }).catch((error) => error.code);
    return { type: found.resourceType, refused, variables: Object.keys(process.env) };`,
  ),
  ...webhook('lab', { signature: 'hmac', secrets: ['LAB'], headers: ['x-kind'] }, 'return { body, headers };'),
  ...webhook('clinic', { signature: 'hmac', secrets: ['CLINIC'], tenant: 'org-clinic' }, 'return { ...body };'),
  ...webhook('standard', { signature: 'standard-webhooks', secrets: ['KEY'] }, 'return { body };'),
  ...webhook('each', { signature: 'shared-secret', secrets: ['LAB'], repeats: 'each' }, 'return { body };'),
  ...webhook('unset', { signature: 'bearer', secrets: ['EMPTY'] }, 'return { body };'),
};

receive.before(async () => {
  stand = await testHost(FILES);
  api = caller(stand.host.url);
});
receive.after(async () => {
  await stand.close();
});

/** Bundles of one test are no repetition of another's. */
let count = 0;

function bundle(...ids: string[]) {
  const events = ids.map((id) => ({ eventNumber: ++count, focus: { reference: `Encounter/${id}` } }));
  const status = {
    resourceType: 'AidboxSubscriptionStatus',
    type: 'event-notification',
    topic: TOPIC.url,
    notificationEvent: events,
  };
  const entries = ids.map((id) => ({
    resource: { resourceType: 'Encounter', id },
    request: { method: 'POST', url: 'Encounter' },
  }));
  return { resourceType: 'Bundle', type: 'history', entry: [{ resource: status }, ...entries] };
}

const post = (id: string, body: unknown, headers: Record<string, string> = BEARER): Promise<Answer> =>
  api.post(`/triggers/${id}/webhook`, body, headers);

function hmac(body: string, secret = LAB, time = Math.floor(Date.now() / 1000)): Record<string, string> {
  const v1 = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return { ...STRANGER, 'cloister-signature': `t=${time},v1=${v1}` };
}

/** Runs that have begun since then: the list is late, and may yet show those of the test before. */
const runsSince = async (since: number, name = 'echo'): Promise<number> => {
  const from = new Date(since).toISOString();
  return (await api.get(`/workflows/${name}/runs?limit=200&from=${from}`)).body.runs.length;
};
// biome-ignore lint/suspicious/noExplicitAny: tests read inputs as a script would
const inputOf = async ({ body }: Answer, index = 0): Promise<any> =>
  (await stand.follow('echo', body.started[index].runId)).input;

receive('a bundle starts a run for each resource, in order, by names that never meet (API-12, API-36)', async () => {
  const ids = ['a', 'b', 'c', 'd'];
  const answers = await Promise.all([post('plain', bundle(...ids)), post('plain', bundle(...ids))]);
  for (const answer of answers) {
    assert.is(answer.status, 200, JSON.stringify(answer.body));
    const { started, ...rest } = answer.body;
    assert.equal(rest, { received: 4, deduplicated: [], ignored: 0, rejected: [], repeated: 0 });
    for (const [index, id] of ids.entries()) assert.is((await inputOf(answer, index)).id, id);
    for (const { workflowId } of started) assert.match(workflowId, /^echo-trigger-plain-\d{13}$/);
  }
  const all = answers.flatMap(({ body }) => body.started.map((each: { workflowId: string }) => each.workflowId));
  assert.is(new Set(all).size, 8);
  const view = await stand.follow('echo', answers[0].body.started[0].runId);
  assert.equal(view.trigger, { type: 'subscription', id: 'plain' });
});

receive('hosts in one millisecond make names that never meet, also where the first run is over (API-12)', async () => {
  const { pin, branch } = await stand.host.shelf.check('echo', null, {});
  const common = { trigger: 'both', workflow: 'echo' };
  const log = pino({ level: 'silent' });
  const now = Date.now();
  const start = (host: string) => {
    const starter = new Starter(stand.host.runs, new Ledger(memoryDeliveries(), log), log, () => now);
    const order = { id: `both:${host}`, workflowId: null, tenant: null, input: {}, branch, pin };
    return starter.start(
      [0, 1, 2].map((event) => ({ ...order, event, id: `${order.id}${event}` })),
      new Map(),
      common,
    );
  };
  const started = (await Promise.all([start('a'), start('b')])).flat();
  for (const each of started) if (each.state === 'started') await stand.follow('echo', each.runId);
  started.push(...(await start('c')));
  const ids = started.flatMap((each) => (each.state === 'started' ? [each.workflowId, each.runId] : []));
  assert.is(new Set(ids).size, 18);
});

receive('what a mapping returns nothing for is ignored; what no repetition can mend is rejected, in 200', async () => {
  const { status, body } = await post('choosy', bundle('none', 'tenant', 'long', 'good'));
  assert.is(status, 200);
  assert.is(body.ignored, 1);
  assert.is(body.started.length, 1);
  assert.equal(
    body.rejected.map(({ event, code }: { event: number; code: string }) => [event, code]),
    [
      [1, 'TENANT_INVALID'],
      [2, 'WORKFLOW_ID_INVALID'],
    ],
  );
});

receive(
  'a mapping that throws or spins is 500 without its words, starts nothing, and leaves the API alive (API-38, API-39)',
  async () => {
    const since = Date.now();
    for (const id of ['throws', 'spins']) {
      const pending = post('choosy', bundle('good', id, 'good'));
      const health = await api.get('/health');
      assert.is(health.status, 200);
      const { status, body } = await pending;
      assert.is(status, 500);
      assert.is(body.code, 'MAPPING_FAILED');
      assert.not.match(JSON.stringify(body), /clinic|input-mapping\.ts:\d/);
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.is(await runsSince(since), 0);
  },
);

receive(
  'a running _workflowId is deduplicated; that of another tenant is rejected and tells nothing (API-11, API-44)',
  async () => {
    const of = (tenant: string) => ({ resourceType: 'Encounter', id: 'x', tenant, meta: { versionId: randomUUID() } });
    const first = await post('named', of('org-a'));
    assert.is(first.body.started[0].workflowId, 'named-x');
    const again = await post('named', of('org-a'));
    assert.equal([again.status, again.body.started, again.body.deduplicated], [200, [], ['named-x']]);
    const foreign = await post('named', of('org-b'));
    assert.is(foreign.status, 200);
    assert.equal(foreign.body.started.concat(foreign.body.deduplicated), []);
    assert.is(foreign.body.rejected[0].code, 'WORKFLOW_ID_TAKEN');
    assert.not.match(JSON.stringify(foreign.body), /org-a/);
    assert.is(await runsSince(0, 'wait'), 1);
  },
);

receive('a mapping reads FHIR and writes nothing there, and sees no variable (D7)', async () => {
  const answer = await post('reader', bundle('a'));
  assert.equal(await inputOf(answer), { type: 'Bundle', refused: 'DENIED', variables: [] });
});

receive('an event that is delivered again, at once or later, starts no second run (WHK-04)', async () => {
  const body = bundle('a', 'b');
  const [first, same] = await Promise.all([post('plain', body), post('plain', body)]);
  const later = await post('plain', { ...body, timestamp: '2026-01-01T00:00:00Z' });
  assert.equal(same.body.started, first.body.started);
  assert.equal(later.body.started, first.body.started);
  assert.is(later.body.repeated, 2);

  const text = JSON.stringify({ order: count });
  const headers = hmac(text);
  const [one, two] = [await post('lab', text, headers), await post('lab', text, headers)];
  assert.equal([one.status, two.status], [200, 200]);
  assert.equal(two.body.started, one.body.started);
  const resigned = await post('lab', text, hmac(text, LAB, Math.floor(Date.now() / 1000) - 5));
  assert.equal(resigned.body.started, one.body.started, 'a sender that signs each attempt anew');

  const id = `msg_${randomUUID()}`;
  const sign = (payload: string) => {
    const at = new Date();
    const signature = new Webhook(KEY).sign(id, at, payload);
    const time = String(Math.floor(at.getTime() / 1000));
    return { ...STRANGER, 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature };
  };
  const known = [
    await post('standard', '{"a":1}', sign('{"a":1}')),
    await post('standard', '{"a":2}', sign('{"a":2}')),
  ];
  assert.is(known[0]?.status, 200);
  assert.equal(known[1]?.body.started, known[0]?.body.started);

  const plain = { ...STRANGER, 'x-webhook-secret': LAB };
  const each = [await post('each', '{}', plain), await post('each', '{}', plain)];
  assert.not.equal(each[1]?.body.started, each[0]?.body.started);
});

receive('a webhook hands its body and the headers it names to the mapping', async () => {
  const text = JSON.stringify({ order: randomUUID() });
  const answer = await post('lab', text, { ...hmac(text), 'x-kind': 'order', 'x-other': 'no' });
  assert.equal(await inputOf(answer), { body: JSON.parse(text), headers: { 'x-kind': 'order' } });
});

receive(
  'WHK-05, WHK-06 a foreign secret, a bad one, an empty one and an unknown trigger get one and the same 401',
  async () => {
    const text = '{"x":1}';
    const asked: [string, Record<string, string>][] = [
      ['clinic', hmac(text, LAB)],
      ['lab', hmac(text, CLINIC)],
      ['nowhere', hmac(text, LAB)],
      ['lab', STRANGER],
      ['plain', { ...STRANGER, authorization: `Bearer ${LAB}` }],
      ['unset', { ...STRANGER, authorization: 'Bearer ' }],
      ['..%2f..', STRANGER],
    ];
    const bodies = new Set<string>();
    for (const [id, headers] of asked) {
      const { status, body } = await post(id, text, headers);
      assert.is(status, 401, id);
      const { requestId: _, ...rest } = body;
      bodies.add(JSON.stringify(rest));
    }
    assert.is(bodies.size, 1, [...bodies].join('\n'));
    assert.is((await post('nowhere', text, {})).status, 404, 'who may list triggers may know');
  },
);

receive('a trigger that is bound to a tenant stamps it, and takes no other', async () => {
  const send = (body: object) => {
    const text = JSON.stringify({ ...body, n: ++count });
    return post('clinic', text, hmac(text, CLINIC));
  };
  assert.is((await inputOf(await send({}))).tenantOrganizationId, 'org-clinic');
  const other = await send({ tenantOrganizationId: 'org-other' });
  assert.equal([other.status, other.body.rejected[0].code, other.body.started], [200, 'TENANT_INVALID', []]);
});

receive('R4 servers put, delete and ping, and get FHIR in return', async () => {
  const resource = { resourceType: 'Encounter', id: 'r4', meta: { versionId: '1' } };
  const path = '/triggers/plain/webhook/Encounter/r4';
  const headers = { ...BEARER, 'content-type': 'application/fhir+json' };
  for (const [method, body] of [
    ['PUT', JSON.stringify(resource)],
    ['DELETE', undefined],
  ] as const) {
    const response = await fetch(`${stand.host.url}${path}`, { method, headers, ...(body && { body }) });
    assert.is(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/fhir\+json/);
    assert.match(JSON.stringify(await response.json()), /OperationOutcome.*started 1/);
  }
  const ping = await fetch(`${stand.host.url}/triggers/plain/webhook`, { method: 'POST', headers: BEARER });
  assert.is(((await ping.json()) as { started: unknown[] }).started.length, 1);
  assert.is((await api.send('PUT', '/triggers/plain/webhook/Encounter/other', resource, BEARER)).status, 400);
});

receive('bodies and bundles that are too large, and what is no event, are refused in clear words', async () => {
  const { status, body } = await post('plain', bundle(...Array.from({ length: 501 }, (_, n) => `e${n}`)));
  assert.equal([status, body.code, body.expected], [413, 'BODY_TOO_LARGE', 'at most 500']);
  assert.is((await post('plain', JSON.stringify('x'.repeat(1024 * 1024)))).status, 413);
  for (const wrong of ['{', '[]', '{"resourceType":"Patient","__proto__":{}}'])
    assert.is((await post('plain', wrong)).status, 400);
});

receive(
  'while Temporal is away the answer is 503, and the next delivery starts what is missing, each once',
  async () => {
    const { temporal } = stand.host.stack;
    const pid = temporal?.pid;
    if (!pid) throw new Error('the test needs a Temporal of its own');
    const body = bundle(...Array.from({ length: 12 }, (_, n) => `t${n}`));
    const since = Date.now();
    process.kill(pid, 'SIGSTOP');
    const away = await post('plain', body).finally(() => process.kill(pid, 'SIGCONT'));
    assert.equal([away.status, away.body.code], [503, 'TEMPORAL_UNAVAILABLE']);
    const next = await eventually(async () => {
      const answer = await post('plain', body);
      return answer.status === 200 ? answer : null;
    });
    assert.is(next.body.started.length, 12);
    const third = await post('plain', body);
    assert.equal(third.body.started, next.body.started);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.is(await runsSince(since), 12);
  },
);

receive.run();
