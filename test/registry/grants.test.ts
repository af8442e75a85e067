/** D3: effective is what is declared and granted. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Declaration, effectiveGrants, parseTenants, type RegistryError } from '../../registry/index.ts';

const test = suite('grants');

const DECLARED: Declaration = {
  capabilities: ['fhir', 'db', 'http', 'log'],
  http: {
    allow: [
      'https://api.example.org',
      'https://*.example.net',
      'http://localhost:8080',
      'http://10.0.0.7',
      'http://[::1]:1',
    ],
  },
  db: { tables: ['notes', 'claims'], functions: ['sum'] },
  env: ['REGION', 'TOKEN'],
  secrets: ['claims', 'other'],
  limits: { cpuMs: 5_000, wallMs: 100 },
  deterministic: false,
};

const FILE = `
org-1:
  capabilities: [fhir, http, log]
  http: { allow: ["https://*.example.org", "https://a.example.net", "https://unasked.test"], privateRanges: [10.0.0.0/8] }
  db: { tables: [notes] }
  env: { REGION: "eu", UNASKED: "x" }
  secrets:
    claims: { origin: "https://api.example.org", header: Authorization, value: "Bearer s" }
    unasked: { origin: "https://b.test", header: X-Key, env: HOST_NAME }
  limits: { cpuMs: 2000, heapMb: 64 }
org-2: { env: [REGION] }
`;

test('a tenant gets what is both declared and granted, and is told what was refused', () => {
  const settings = parseTenants(FILE).get('org-1');
  assert.ok(settings);
  const grants = effectiveGrants(DECLARED, settings, { development: true });
  assert.equal(grants.capabilities, ['fhir', 'http', 'log']);
  assert.equal(grants.http, {
    allow: ['https://api.example.org', 'https://a.example.net'],
    privateRanges: ['10.0.0.0/8'],
  });
  assert.equal(grants.db, { tables: ['notes'], functions: [] });
  assert.equal(grants.env, { REGION: 'eu' });
  assert.equal(
    [...grants.secrets],
    [['claims', { origin: 'https://api.example.org', header: 'Authorization', value: 'Bearer s', env: null }]],
  );
  assert.equal(grants.refused.toSorted(), [
    'capability db',
    'env TOKEN',
    'function sum',
    'http http://10.0.0.7',
    'http http://[::1]:1',
    'http http://localhost:8080',
    'secret other',
    'table claims',
  ]);
});

test("declared limits are cut down to the ceiling: the tenant's own, else the host's", () => {
  const settings = parseTenants(FILE).get('org-1') ?? null;
  const grants = effectiveGrants(DECLARED, settings, {
    development: false,
    ceilings: { cpuMs: 9_000, wallMs: 50, calls: 3 },
  });
  assert.equal(grants.limits, { cpuMs: 2_000, wallMs: 50 });
  assert.equal(grants.ceilings, { cpuMs: 2_000, wallMs: 50, calls: 3, heapMb: 64 });
});

test('in development a tenant without settings gets what is declared, loopback and private addresses excepted', () => {
  const grants = effectiveGrants(DECLARED, null, { development: true });
  assert.equal(grants.capabilities, ['fhir', 'db', 'http', 'log']);
  assert.equal(grants.http, { allow: ['https://api.example.org', 'https://*.example.net'], privateRanges: [] });
  assert.equal(grants.db, DECLARED.db);
  assert.equal(grants.env, { REGION: null, TOKEN: null });
  assert.equal([...grants.secrets.keys()], []);
  assert.ok(grants.refused.includes('secret claims') && grants.refused.includes('http http://10.0.0.7'));
});

test('elsewhere a tenant without settings gets nothing', () => {
  const grants = effectiveGrants(DECLARED, null, { development: false });
  assert.equal([grants.capabilities, grants.http.allow, grants.db.tables, Object.keys(grants.env)], [[], [], [], []]);
  assert.ok(grants.refused.includes('capability fhir'));
});

test('one star stands for one label, and a granted name for itself only', () => {
  const allowed = (declared: string, granted: string): readonly string[] => {
    const settings = parseTenants(`t: { http: { allow: ["${granted}"] } }`).get('t') ?? null;
    return effectiveGrants({ ...DECLARED, http: { allow: [declared] } }, settings, { development: true }).http.allow;
  };
  assert.equal(allowed('https://a.b.example.org', 'https://*.example.org'), []);
  assert.equal(allowed('https://example.org', 'https://*.example.org'), []);
  assert.equal(allowed('https://evil-example.org', 'https://*.example.org'), []);
  assert.equal(allowed('http://a.example.org', 'https://*.example.org'), []);
  assert.equal(allowed('https://a.example.org:8443', 'https://*.example.org'), []);
  assert.equal(allowed('https://A.example.org', 'https://*.Example.org'), ['https://A.example.org']);
});

test('names of the prototype are never granted', () => {
  const names = ['constructor', 'toString', '__proto__'];
  const settings = parseTenants('t: {}').get('t') ?? null;
  const grants = effectiveGrants({ ...DECLARED, secrets: names, env: names }, settings, { development: false });
  assert.equal([grants.secrets.size, Object.keys(grants.env)], [0, []]);
});

test('a tenants file that cannot be read is refused with the place; an empty one has no tenants', () => {
  const refusal = (text: string): RegistryError => {
    try {
      parseTenants(text);
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error);
      return error as RegistryError;
    }
    throw new Error('it was taken');
  };
  assert.match(refusal('a: 1\na: 2\n').message, /^tenants\.yaml:2:1 error YAML_SYNTAX/);
  assert.is(refusal('- a\n').code, 'TENANTS_INVALID');
  assert.match(refusal('a: { env: { N: 5 } }\n').message, /tenant a: env\.N: found number, expected text/);
  assert.match(refusal('a: { capabilities: all }\n').message, /capabilities/);
  assert.match(refusal('a: { secrets: { s: { origin: "https://x", header: h } } }\n').message, /either value or env/);
  assert.is(parseTenants('').size, 0);
  assert.is(parseTenants('# none\n').size, 0);
  assert.equal(parseTenants('org-2: { env: [REGION] }').get('org-2')?.env, ['REGION']);
});

test.run();
