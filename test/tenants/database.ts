/** A database as a world of `separation.ts`: calls go through the capability, as a script's do. */
import { createHash } from 'node:crypto';
import { PostgrestClient } from '@supabase/postgrest-js';
import { CapabilityError } from '../../host/broker/capability.ts';
import type { DbAnswer } from '../../host/broker/db/answer.ts';
import { createDbCapability, type DbOptions } from '../../host/broker/db.ts';
import { run } from '../db/run.ts';
import { IDS, type Query, type Step, VICTIM } from './queries.ts';
import { ATTACKERS, type Seen, type World } from './separation.ts';

export const CANARY = createHash('sha256').update('database').digest('hex').slice(0, 24);

/** Statements for the database itself, behind the REST server's back, as its owner. */
export interface Backdoor {
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<unknown>;
}

/** The seed as SQL: two notes and a task for each attacker, and for the victim, if it is there, some hundred. */
export function seed(isFull: boolean): string {
  const attackers = Array.from({ length: ATTACKERS }, (_, number) => tenantOf(number));
  const own = attackers.flatMap((tenant) => notesOf(tenant, [...IDS.own, ...IDS.shared], 'own'));
  const tasks = attackers.map((tenant) => `('${tenant}', 't1', '${IDS.own[0]}', 'own', 1)`);
  const many = Array.from({ length: 100 }, (_, at) => `bbbbbbbb-0000-4000-8000-1${String(at).padStart(11, '0')}`);
  const foreign = isFull ? notesOf(VICTIM, [...IDS.foreign, ...IDS.shared, ...many], CANARY) : [];
  const foreignTasks = isFull
    ? ['t1', 't2'].map((id) => `('${VICTIM}', '${id}', '${IDS.foreign[0]}', '${CANARY}', 7)`)
    : [];
  return `insert into notes (tenant_id, id, body, created_at) values ${[...foreign, ...own].join(', ')};
    insert into tasks (tenant_id, id, note, title, n) values ${[...foreignTasks, ...tasks].join(', ')};`;
}

function notesOf(tenant: string, ids: readonly string[], secret: string): string[] {
  const body = JSON.stringify({ text: 'x', secret });
  return [...ids].sort().map((id) => `('${tenant}', '${id}', '${body}', '2026-01-01 00:00:00')`);
}

function tenantOf(attacker: number): string {
  return `tenant-a${attacker}`;
}

/** Opens the world over a REST server. `empty` is SQL that empties both tables. */
export function openWorld(options: DbOptions, door: Backdoor, { isFull, empty }: { isFull: boolean; empty: string }) {
  const capability = createDbCapability(options);
  const request = capability.methods.get('db.request');
  const world: World<Query> = {
    send: async (call, attacker) => {
      const tenant = tenantOf(attacker);
      const own = JSON.parse(JSON.stringify(call).replaceAll('$own', tenant)) as Query;
      const ask = async (args: unknown) =>
        (await request?.(
          args,
          run(tenant, { tables: ['notes', 'tasks'], deadline: Number.POSITIVE_INFINITY }),
        )) as DbAnswer;
      const answer = 'args' in own ? ask(own.args) : build(own.steps, ask);
      return answer.then(answered, refused);
    },
    held: async () => {
      const rows = await door.rows(`select n.tenant_id, n.id, n.body, n.created_at, t.id as task, t.title, t.n
        from notes n left join tasks t on t.tenant_id = n.tenant_id and t.note = n.id
        where n.tenant_id = '${VICTIM}' order by n.id, t.id`);
      const tasks = await door.rows(`select * from tasks where tenant_id = '${VICTIM}' order by id`);
      const text = JSON.stringify([rows, tasks]);
      return text === '[[],[]]' ? '' : text;
    },
    reset: () => door.run(`${empty} ${seed(isFull)}`),
  };
  return { ...world, close: () => capability.close() };
}

/** Plays the steps on a query builder whose one request goes to `ask`, and resolves to that request's answer. */
async function build(steps: readonly Step[], ask: (args: unknown) => Promise<DbAnswer>): Promise<DbAnswer> {
  const asked = Promise.withResolvers<DbAnswer>();
  const client = new PostgrestClient('http://db', {
    retry: false,
    fetch: async (input, init) => {
      const url = new URL(`${input}`);
      const name = decodeURIComponent(url.pathname.slice(1));
      const answer = ask({
        target: name.startsWith('rpc/') ? { fn: name.slice(4) } : { table: name },
        method: init?.method ?? 'GET',
        query: [...url.searchParams],
        headers: Object.fromEntries(new Headers(init?.headers)),
        body: init?.body ?? undefined,
      });
      asked.resolve(answer);
      const { status, body } = await answer;
      return new Response(body === '' ? null : body, { status: body === '' && status < 300 ? 204 : status });
    },
  });
  const built = chain(client, steps);
  (built as unknown as PromiseLike<unknown>).then(
    () => asked.reject(new Refused('the builder made no request')),
    (error: unknown) => asked.reject(error),
  );
  return asked.promise;
}

type Chain = Record<string, (...args: unknown[]) => Chain>;

function chain(client: object, steps: readonly Step[]): object {
  try {
    return steps.reduce<Chain>((on, [name, ...args]) => {
      if (typeof on[name] !== 'function') throw new TypeError(`no ${name} here`);
      return on[name](...args);
    }, client as Chain);
  } catch (error) {
    throw new Refused(String(error));
  }
}

/** The builder itself would not make such a call. */
class Refused extends Error {}

function answered({ status, headers, body }: DbAnswer): Seen {
  return {
    end: status < 300 ? 'answered' : 'refused by the database',
    text: withoutChance(`${status} ${JSON.stringify(headers)} ${sorted(body)}`),
  };
}

function refused(error: unknown): Seen {
  if (error instanceof CapabilityError) return { end: error.code, text: `${error.activityCode} ${error.message}` };
  if (error instanceof Refused) return { end: 'not built', text: error.message };
  throw error;
}

/** Rows in an order of their own: which one the table's pages have is no answer to anything. */
function sorted(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return Array.isArray(value) ? JSON.stringify(value.map((each) => JSON.stringify(each)).sort()) : body;
  } catch {
    return body.split('\n').sort().join('\n');
  }
}

const KNOWN = new Set<string>(Object.values(IDS).flat());

function withoutChance(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, (id) => (KNOWN.has(id) ? id : 'NEW'))
    .replace(/20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00(?::00)?|Z)?/g, 'TIME');
}
