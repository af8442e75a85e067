/** Capability calls with arguments of every shape, by one tenant, beside the data of another. */
import { randomUUID } from 'node:crypto';
import type { Grants, RunContext } from '../../../host/broker/capability.ts';
import { answerCall } from '../../../sandbox/call.ts';
import { DEFAULT_LIMITS } from '../../../sandbox/index.ts';
import { realmDigest } from '../../hostile/harness/realm.ts';
import { ATTACKER, openWorld, VICTIM, type World } from '../../hostile/harness/world.ts';
import { jsonText, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';
import { mutateJson, SHAPES } from './shapes.ts';

const CODES: readonly unknown[] = [
  'BAD_ARGUMENT',
  'TOO_DEEP',
  'TOO_LARGE',
  'TOO_MANY_CALLS',
  'UNKNOWN_METHOD',
  'DENIED',
  'NOT_FOUND',
  'CONFLICT',
  'INVALID',
  'UNAVAILABLE',
  'FAILED',
  'LOG_LIMIT',
];
const ROOT = new URL('../../..', import.meta.url).pathname;
const MESSAGE_CHARS = 2_048;
const RUN_MS = 10_000;

/** One call as it would come out of a cell. `args` is JSON text. */
interface Call {
  readonly method: string;
  readonly args: string;
}

/**
 * See the file's first line. In arguments `$foreign` stands for a patient of the other tenant and `$row` for a row of it, made
 * for each attempt; what names one of them is called once more with an id that nobody has, and must get the same answer.
 */
export const calls: Target = {
  name: 'calls',
  open: async (): Promise<Bench> => {
    const world = await openWorld();
    return {
      make,
      attempt: (input) => attempt(world, input),
      [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    };
  },
};

function make(random: Random): Input {
  const name = random.pick(Object.keys(SHAPES));
  const parts = random.several(1, 4, () => JSON.stringify(makeCall(random, name)));
  return { kind: name, parts };
}

function makeCall(random: Random, method: string): Call {
  if (method === 'unknown') return { method: makeMethod(random), args: jsonText(random, 3) };
  if (random.chance(0.05)) return { method, args: jsonText(random, 4) };
  return { method, args: mutateJson(random, random.pick(SHAPES[method] ?? [{}])) };
}

function makeMethod(random: Random): string {
  return random.pick([
    ...STRINGS,
    'fhir.request',
    'fhir.fetch',
    'fhir.__proto__',
    'fhir.constructor',
    'db.from',
    'db.rpc',
    'http.request',
    'log.info',
    'env.get',
    random.scratched('fhir.read'),
    random.scratched('http.fetch'),
  ]);
}

async function attempt(world: World, { parts }: Input): Promise<readonly string[]> {
  world.seen.length = 0;
  const realm = realmDigest();
  const faults: string[] = [];
  const needsVictim = parts.some((part) => /\$foreign|\$row/.test(part));
  const victim = needsVictim ? await seed(world) : null;
  const missing = { foreign: another(victim?.patient ?? ''), row: another(victim?.row ?? '') };
  for (const part of parts) {
    const call = JSON.parse(part) as Call;
    faults.push(...(await attemptOne(world, call, victim, missing)));
  }
  if (victim && (await victim.look()) !== victim.before) faults.push('data of the other tenant has changed');
  for (const [name, token] of world.canaries.tokens) {
    if (world.seen.some((text) => text.includes(token))) faults.push(`the script sees the ${name}`);
  }
  faults.push(...(await world.canaries.touched()).map((name) => `touched: ${name}`));
  if (realmDigest() !== realm) faults.push('the globals or prototypes of the host have changed');
  return faults;
}

interface Victim {
  readonly patient: string;
  readonly row: string;
  /** The data as text, now. */
  look(): Promise<string>;
  readonly before: string;
}

async function seed(world: World): Promise<Victim> {
  const context = contextOf(world, VICTIM);
  const family = world.canaries.tokens.get('resource');
  const resource = { resourceType: 'Patient', name: [{ family }], active: true };
  const patient = (await world.broker.call('fhir.create', { resource }, context)) as { id: string };
  const row = randomUUID();
  const body = JSON.stringify({ id: row, tenant_id: VICTIM, body: { text: world.canaries.tokens.get('row') } });
  const insert = { target: { table: 'notes' }, method: 'POST', query: [], headers: {}, body };
  await world.broker.call('db.request', insert, context);
  const look = async (): Promise<string> => {
    const read = await world.broker.call('fhir.read', { type: 'Patient', id: patient.id }, contextOf(world, VICTIM));
    const query = [['id', `eq.${row}`]];
    const select = { target: { table: 'notes' }, method: 'GET', query, headers: {} };
    return JSON.stringify([read, await world.broker.call('db.request', select, contextOf(world, VICTIM))]);
  };
  const before = await look();
  if (!before.includes(family ?? '-')) throw new Error(`the other tenant's data was not written: ${before}`);
  return { patient: patient.id, row, look, before };
}

async function attemptOne(world: World, call: Call, victim: Victim | null, missing: Ids): Promise<readonly string[]> {
  const ids = { foreign: victim?.patient ?? '', row: victim?.row ?? '' };
  const first = await perform(world, call, ids);
  if (!/\$foreign|\$row/.test(call.args)) return first.faults;
  const second = await perform(world, call, missing);
  const [foreign, none] = [plain(first.text, ids), plain(second.text, missing)];
  const isAlike = foreign === none;
  const hint = isAlike
    ? []
    : [`${call.method}: foreign and missing differ: ${foreign.slice(0, 200)} / ${none.slice(0, 200)}`];
  return [...first.faults, ...second.faults, ...hint];
}

/** An id of the same form that nobody has. */
const another = (id: string): string => id.replace(/[0-9a-f]/g, () => randomUUID().charAt(0));

/** An answer without what differs between two of the same kind. */
function plain(text: string, { foreign, row }: Ids): string {
  return text
    .replaceAll(foreign, 'ID')
    .replaceAll(row, 'ID')
    .replace(/[0-9a-f]{8}[0-9a-f-]{12,}/gi, 'UUID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.+Z-]+/g, 'TIME')
    .replace(/\d+/g, '#');
}

/** The ids that the placeholders in arguments stand for. */
type Ids = Readonly<Record<'foreign' | 'row', string>>;

async function perform(world: World, { method, args }: Call, ids: Ids): Promise<{ text: string; faults: string[] }> {
  const context = contextOf(world, ATTACKER);
  const strange: unknown[] = [];
  const given = fill(world, args, ids);
  const request = {
    limits: DEFAULT_LIMITS,
    call: (name: string, value: unknown, signal: AbortSignal) => world.broker.call(name, value, { ...context, signal }),
  };
  const began = performance.now();
  const text = await answerCall(request, { method: fill(world, method, ids), args: given }, context.signal, (error) =>
    strange.push(error),
  );
  const ms = performance.now() - began;
  world.seen.push(text);
  const faults = strange.map((error) => `${method}: the broker rejected with ${String(error)}`);
  if (ms > RUN_MS * 2) faults.push(`${method}: took ${Math.round(ms)} ms`);
  faults.push(...textFaults(method, given, text));
  return { text, faults };
}

function textFaults(method: string, args: string, text: string): string[] {
  const faults: string[] = [];
  const answer = JSON.parse(text) as { err?: { code?: unknown; message?: unknown } };
  if ('err' in answer && !('ok' in answer)) {
    const { code, message } = answer.err ?? {};
    if (!CODES.includes(code)) faults.push(`${method}: rejects with the code ${String(code)}`);
    if (typeof message !== 'string' || message.length > MESSAGE_CHARS) faults.push(`${method}: rejects without a text`);
    // The probe fails on purpose.
    const isPlanned = method.startsWith('probe.');
    if (message === `${method} failed` && !isPlanned) faults.push(`${method}: failed in a way it should not`);
  }
  const own = (pattern: RegExp): boolean => pattern.test(text) && !pattern.test(args);
  if (text.includes(ROOT) || own(/node_modules|node:internal/))
    faults.push(`${method}: answers with a path of the host`);
  if (own(/\bat [^"\\]{1,80}:\d+:\d+/)) faults.push(`${method}: answers with a stack`);
  if (own(/127\.0\.0\.1:\d+/)) faults.push(`${method}: answers with an address of the host`);
  return faults;
}

function fill({ targets }: World, text: string, ids: Ids): string {
  const plainText = (value: string): string => JSON.stringify(value).slice(1, -1);
  return text
    .replaceAll('$foreign', ids.foreign)
    .replaceAll('$row', ids.row)
    .replaceAll('$ownPatient', targets.patient.own)
    .replaceAll('$ownRow', targets.row.own)
    .replaceAll('$victim', VICTIM)
    .replaceAll('$attacker', ATTACKER)
    .replaceAll('$port', String(targets.port))
    .replaceAll('$file', plainText(targets.file))
    .replaceAll('$allowed', targets.allowed);
}

function contextOf({ targets, canaries }: World, tenant: string): RunContext {
  const id = randomUUID();
  let writes = 0;
  const value = canaries.tokens.get('credential') ?? '';
  const secrets = new Map([[targets.alias, { origin: targets.allowed, header: 'x-api-key', value }]]);
  const grants: Grants = {
    capabilities: new Set(['fhir', 'db', 'http', 'log']),
    http: { allow: [targets.allowed], privateRanges: ['127.9.9.9/32'], secrets },
    db: { tables: ['notes'], functions: [] },
    env: {},
  };
  return {
    tenant,
    runId: id,
    workflow: 'fuzz',
    activity: 'a',
    attempt: 1,
    digest: 'digest',
    grants,
    deadline: Date.now() + RUN_MS,
    signal: AbortSignal.timeout(RUN_MS),
    nextWriteKey: () => `${id}:a:${writes++}`,
  };
}
