/** Arguments as scripts give them, and how they are spoiled. */
import { jsonText, KEYS, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';

const patient = { resourceType: 'Patient', id: '$foreign', active: true, name: [{ family: 'F', given: ['G'] }] };

const entry = (method: string, url: string, resource?: unknown) => ({
  fullUrl: `urn:uuid:$foreign`,
  request: { method, url },
  ...(resource !== undefined && { resource }),
});

const bundle = (type: string, ...entries: unknown[]) => ({ bundle: { resourceType: 'Bundle', type, entry: entries } });

const table = (method: string, query: unknown, body?: unknown) => ({
  target: { table: 'notes' },
  method,
  query,
  headers: { prefer: 'return=representation' },
  ...(body !== undefined && { body: JSON.stringify(body) }),
});

/** Method → arguments. `unknown` stands for methods that do not exist. */
export const SHAPES: Readonly<Record<string, readonly unknown[]>> = {
  'fhir.read': [
    { type: 'Patient', id: '$foreign' },
    { type: 'Patient', id: '$ownPatient' },
  ],
  'fhir.search': [
    { type: 'Patient', params: { _id: '$foreign', _count: 5 } },
    { type: 'Patient', params: { name: 'F', _sort: '-_lastUpdated', _include: 'Patient:organization' } },
    { type: 'Observation', params: { subject: 'Patient/$foreign', date: ['ge2020', 'le2030'], _summary: 'count' } },
  ],
  'fhir.create': [
    { resource: patient },
    { resource: { resourceType: 'Observation', status: 'final', subject: { reference: 'Patient/$foreign' } } },
  ],
  'fhir.update': [{ resource: patient }, { resource: { ...patient, meta: { versionId: '1' } } }],
  'fhir.patch': [
    { type: 'Patient', id: '$foreign', ops: [{ op: 'replace', path: '/active', value: false }] },
    { type: 'Patient', id: '$ownPatient', ops: [{ op: 'add', path: '/name/0/given', value: ['x'] }] },
    { type: 'Patient', id: '$ownPatient', ops: [{ op: 'move', from: '/active', path: '/__proto__/active' }] },
  ],
  'fhir.delete': [{ type: 'Patient', id: '$foreign' }],
  'fhir.transaction': [
    bundle('transaction', entry('PUT', 'Patient/$foreign', patient)),
    bundle('transaction', entry('POST', 'Patient', patient), entry('DELETE', 'Patient/$foreign')),
    bundle('batch', entry('GET', 'Patient/$foreign'), entry('GET', 'Patient?_id=$foreign')),
    bundle('batch', entry('GET', '/Organization/$victim/fhir/Patient'), entry('PATCH', 'Patient/$foreign', [])),
  ],
  'db.request': [
    table('GET', [
      ['select', '*'],
      ['id', 'eq.$row'],
    ]),
    table('GET', [
      ['select', 'id,body->>text'],
      ['tenant_id', 'eq.$victim'],
      ['order', 'id.asc'],
      ['limit', '10'],
    ]),
    table('GET', [
      ['or', '(id.eq.$row,tenant_id.eq.$victim)'],
      ['and', '(not.id.is.null)'],
    ]),
    table('PATCH', [['id', 'eq.$row']], { body: { text: 'x' } }),
    table('DELETE', [['id', 'eq.$row']]),
    table('POST', [], { tenant_id: '$attacker', body: { text: 'x' } }),
    table('POST', [['on_conflict', 'id']], { id: '$row', tenant_id: '$attacker', body: {} }),
    { target: { fn: 'version' }, method: 'POST', query: [], headers: {}, body: '{}' },
  ],
  'http.fetch': [
    { url: '$allowed/echo', method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x', timeoutMs: 500 },
    { url: '$allowed/echo', method: 'GET', headers: { accept: '*/*' }, secret: 'partner', timeoutMs: 500 },
    { url: 'http://127.0.0.1:$port/', method: 'GET', headers: {}, timeoutMs: 500 },
    { url: 'http://[::ffff:127.0.0.1]:$port/$file', method: 'PUT', headers: {}, body: '', timeoutMs: 500 },
  ],
  unknown: [{}],
};

type Tree = unknown;

/** A value as JSON text, with one or several of its parts spoiled; now and then as it is. */
export function mutateJson(random: Random, shape: Tree): string {
  if (random.chance(0.1)) return JSON.stringify(shape);
  let tree: Tree = structuredClone(shape);
  for (let i = 0; i < 1 + random.below(3); i++) tree = spoil(random, tree, 0);
  const text = JSON.stringify(tree);
  return text.replace(/"§(.*?)§"/g, (_, raw: string) => Buffer.from(raw, 'hex').toString('utf8'));
}

/** A place for JSON text that `JSON.stringify` would not write: keys twice, `__proto__`, numbers beyond the largest. */
function raw(random: Random): string {
  return `§${Buffer.from(jsonText(random, 2)).toString('hex')}§`;
}

function spoil(random: Random, tree: Tree, depth: number): Tree {
  const isLeaf = typeof tree !== 'object' || tree === null;
  if (isLeaf || (depth > 0 && random.chance(0.15))) return exchange(random, tree);
  if (Array.isArray(tree)) {
    if (tree.length === 0 || random.chance(0.15)) return [...tree, raw(random), ...tree];
    return tree.with(random.below(tree.length), spoil(random, tree[random.below(tree.length)], depth + 1));
  }
  const entries = Object.entries(tree);
  if (entries.length === 0) return { [random.pick(KEYS)]: raw(random) };
  const at = random.below(entries.length + 1);
  const [name, value] = entries[at] ?? [random.pick(KEYS), raw(random)];
  const roll = random.below(12);
  if (roll === 0) return Object.fromEntries(entries.toSpliced(at, 1));
  if (roll === 1) return Object.fromEntries([...entries, [random.pick(KEYS), raw(random)]]);
  if (roll === 2)
    return Object.fromEntries(entries.with(Math.min(at, entries.length - 1), [random.scratched(name), value]));
  return { ...tree, [name]: spoil(random, value, depth + 1) };
}

function exchange(random: Random, leaf: unknown): unknown {
  if (typeof leaf === 'string' && random.chance(0.5)) {
    const roll = random.below(6);
    if (roll === 0) return leaf + random.pick(STRINGS);
    if (roll === 1) return random.pick(STRINGS) + leaf;
    if (roll === 2) return leaf.toUpperCase();
    if (roll === 3) return [leaf];
    return random.scratched(leaf);
  }
  return random.chance(0.5) ? raw(random) : random.pick(STRINGS);
}
