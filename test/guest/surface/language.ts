import { proxyActivities, sleep } from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: '10s' });

class Account {
  static readonly #opened: string[] = [];
  readonly #name: string;
  #balance = 0;

  constructor(name: string) {
    this.#name = name;
    Account.#opened.push(name);
  }

  static get opened(): number {
    return Account.#opened.length;
  }

  async deposit(amount: number): Promise<this> {
    this.#balance += await echo(amount);
    return this;
  }

  get balance(): number {
    return this.#balance;
  }

  toJSON(): unknown {
    return { name: this.#name, balance: this.#balance };
  }
}

export async function classes(): Promise<unknown> {
  const before = Account.opened;
  const account = await (await new Account('checking').deposit(5)).deposit(7);
  return { account, balance: account.balance, opened: Account.opened - before };
}

export async function collections(): Promise<unknown> {
  const map = new Map<string, number>([['a', 1]]);
  const set = new Set<number>();
  for (const value of [3, 1, 3, 2]) {
    set.add(await echo(value));
    map.set(`k${value}`, value);
  }
  const weak = new WeakMap<object, string>([[set, 'weak']]);
  return {
    map: [...map],
    set: [...set].sort(),
    weak: weak.get(set),
    grouped: Object.groupBy([1, 2, 3], (value) => (value % 2 === 0 ? 'even' : 'odd')),
    bytes: [...new Uint8Array([1, 2, 300])],
    view: new DataView(new ArrayBuffer(4)).getInt32(0),
    big: (2n ** 64n).toString(),
    symbol: Symbol('s').description,
  };
}

function* countTo(limit: number): Generator<number, string> {
  for (let value = 1; value <= limit; value += 1) yield value;
  return 'done';
}

async function* slowlyTo(limit: number): AsyncGenerator<number> {
  try {
    for (const value of countTo(limit)) {
      await sleep(5);
      yield await echo(value);
    }
  } finally {
    await echo('finally');
  }
}

export async function generators(): Promise<unknown> {
  const all: number[] = [];
  for await (const value of slowlyTo(3)) all.push(value);
  const some: number[] = [];
  for await (const value of slowlyTo(10)) {
    some.push(value);
    if (value === 2) break;
  }
  const promised: number[] = [];
  for await (const value of [echo(1), Promise.resolve(2), 3]) promised.push(value);
  const steps = countTo(1);
  return {
    all,
    some,
    promised,
    sync: [...countTo(4)],
    steps: [steps.next(), steps.next()],
    taken: [...countTo(9).take(2)],
  };
}

export async function errors(): Promise<unknown> {
  const seen: unknown[] = [];
  try {
    try {
      await sleep(1);
      JSON.parse('{');
    } catch (error) {
      throw new Error('outer', { cause: error });
    } finally {
      seen.push('finally');
    }
  } catch (error) {
    const { cause } = error as Error;
    seen.push((error as Error).message, cause instanceof SyntaxError, typeof (error as Error).stack);
  }
  const aggregate = new AggregateError([new Error('a'), new TypeError('b')], 'both');
  return [...seen, aggregate.errors.map(String), aggregate.message];
}

export async function syntax(): Promise<unknown> {
  const { a, ...rest } = { a: 1, b: 2, c: { d: [1, 2, 3] } };
  const [head, , third = 'default', ...tail] = ['x', 'y', undefined, 'z'];
  const text = `${a}-${rest.c?.d?.at(-1) ?? 'none'}`;
  const tagged = ((parts: TemplateStringsArray, ...values: unknown[]) => parts.raw.join('|') + values.join())`\n${a}`;
  let assigned: string | null = null;
  assigned ??= 'assigned';
  label: for (const outer of [1, 2, 3]) {
    for (const inner of [1, 2, 3]) if (inner * outer === 4) break label;
  }
  const found = /(?<year>\d{4})-(?<month>\d\d)/u.exec('on 2024-05-06');
  return {
    rest,
    head,
    third,
    tail,
    text,
    tagged,
    assigned,
    year: found?.groups?.year,
    matches: [...'a1b22'.matchAll(/\d+/g)].map(([match]) => match),
    replaced: 'a-b-c'.replaceAll('-', '+'),
    sorted: [10, 9, 1].toSorted((one, other) => one - other),
    flat: [[1], [2, [3]]].flat(2),
    entries: Object.fromEntries(Object.entries({ z: 1 }).map(([key, value]) => [key.toUpperCase(), value])),
    number: [(0.1 + 0.2).toFixed(2), Number('1e3'), (255).toString(16), 1_000],
    json: JSON.stringify({ u: undefined, n: null, d: new Date(0), nested: [undefined, () => 1] }),
    proxy: new Proxy({ a: 1 }, { get: (target, key) => Reflect.get(target, key) ?? String(key) }).a,
    unicode: ['é'.normalize('NFD').length, [...'👍🏽'].length, 'ß'.toUpperCase()],
  };
}

/** What the SDK's VM has beyond the language. */
export async function platform(): Promise<unknown> {
  const url = new URL('https://user@example.com:8443/a/../b?x=1&y=%20#top');
  const query = new URLSearchParams({ q: 'a b', r: 'ü' });
  query.append('q', '2');
  const bytes = new TextEncoder().encode('grüße');
  const abort = new AbortController();
  const reasons: unknown[] = [];
  abort.signal.addEventListener('abort', () => reasons.push('heard'));
  abort.abort('enough');
  return {
    url: [url.href, url.host, url.pathname, url.searchParams.get('x'), url.hash],
    query: [query.toString(), query.getAll('q')],
    text: [[...bytes], new TextDecoder().decode(bytes)],
    abort: [abort.signal.aborted, String(abort.signal.reason), reasons],
    missing: ['fetch', 'process', 'require', 'setInterval', 'setImmediate'].map(
      (name) => typeof (globalThis as Record<string, unknown>)[name],
    ),
    weak: [typeof WeakRef, typeof FinalizationRegistry],
  };
}

/** Arguments and results as JSON takes them. */
export async function values(...args: unknown[]): Promise<unknown> {
  return { args, count: args.length, echoed: await echo(args), undefined: await echo(undefined) };
}

export async function returnsNothing(): Promise<void> {
  await sleep(1);
}
