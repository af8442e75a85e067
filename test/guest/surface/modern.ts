import { proxyActivities, sleep } from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: '10s' });

class Base {
  protected readonly words: string[] = [];

  async say(word: string): Promise<string> {
    this.words.push(word);
    return echo(word);
  }

  get said(): string {
    return this.words.join();
  }
}

class Loud extends Base {
  static readonly made: string[] = [];
  #volume = 2;

  static {
    Loud.made.push('static');
  }

  override async say(word: string): Promise<string> {
    const shout = async () => `${await super.say(word)}!`.repeat(this.#volume);
    return shout();
  }

  #isLoud(): boolean {
    return this.#volume > 1;
  }

  static check(value: object): boolean {
    return #volume in value && value.#isLoud();
  }

  override get said(): string {
    return super.said.toUpperCase();
  }
}

export async function inheritance(): Promise<unknown> {
  const loud = new Loud();
  const heard = [await loud.say('a'), await loud.say('b')];
  return { heard, said: loud.said, is: Loud.check(loud), not: Loud.check({}), made: Loud.made };
}

class Resource {
  readonly #seen: string[];
  constructor(seen: string[]) {
    this.#seen = seen;
  }
  [Symbol.dispose]() {
    this.#seen.push('disposed');
  }
  async [Symbol.asyncDispose]() {
    await sleep(1);
    this.#seen.push('disposed later');
  }
}

export async function disposal(): Promise<string[]> {
  const seen: string[] = [];
  {
    using _one = new Resource(seen);
    await using _two = new Resource(seen);
    seen.push('used');
  }
  return seen;
}

async function argumentsKept(this: unknown, ..._values: number[]): Promise<number> {
  // biome-ignore lint/complexity/noArguments: what it is about
  const count = async () => arguments.length;
  return (await count()) + 0;
}

async function* delegating(): AsyncGenerator<number, string> {
  const last = yield* inner();
  yield 3;
  return last;
}

async function* inner(): AsyncGenerator<number, string> {
  try {
    yield 1;
    yield await echo(2);
    return 'inner done';
  } finally {
    await sleep(1);
  }
}

export async function lowered(): Promise<unknown> {
  const all: number[] = [];
  const stepping = delegating();
  for (let step = await stepping.next(); !step.done; step = await stepping.next()) all.push(step.value);
  const thrown = delegating();
  await thrown.next();
  const caught = await thrown.throw(new Error('into it')).catch((error: Error) => error.message);
  const early = delegating();
  await early.next();
  const returned = await early.return('over');
  const object = {
    name: 'object',
    async method() {
      return (async () => this.name)();
    },
  };
  const defaults = async ({ a = 1, b = a + 1 }: { a?: number; b?: number } = {}, [c = b]: number[] = []) => a + b + c;
  const nested = async () => {
    try {
      return await echo('tried');
    } finally {
      await sleep(1);
    }
  };
  const switched = async (value: number) => {
    switch (await echo(value)) {
      case 1:
        return 'one';
      default:
        return 'other';
    }
  };
  return {
    all,
    caught,
    returned,
    named: await object.method(),
    arguments: await argumentsKept(1, 2, 3),
    defaults: await defaults(),
    nested: await nested(),
    switched: [await switched(1), await switched(2)],
    destructured: await (async ({ x, ...rest }: Record<string, number>) => ({ x, rest }))({ x: 1, y: 2 }),
  };
}

/** Built-ins of the language as they are on both sides. */
export async function builtIns(): Promise<unknown> {
  const date = new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 7));
  return {
    numbers: [
      (1234.5678).toFixed(2),
      (0.000001234).toString(),
      (1e21).toString(),
      (25).toString(36),
      Number.MAX_SAFE_INTEGER,
    ],
    rounding: [(1.005).toFixed(2), (-1.5).toFixed(0), (123.456).toPrecision(4), Math.round(-0.5), Math.hypot(3, 4)],
    dates: [date.toISOString(), date.toUTCString(), date.getUTCDay(), Date.parse('2024-02-29T12:30:15+02:00')],
    parsed: [Date.parse('2024-02-29'), Number.isNaN(Date.parse('nonsense')), new Date(NaN).getTime() === 0],
    moved: new Date(Date.UTC(2024, 0, 31)).setUTCMonth(1),
    text: [
      'abc'.at(-1),
      'a,b'.split(','),
      'x'.padStart(3, '-'),
      'ab'.codePointAt(1),
      '  t '.trim(),
      'aXbX'.lastIndexOf('X'),
    ],
    shape: [
      '\ud800'.isWellFormed(),
      '\ud800'.toWellFormed().charCodeAt(0),
      'ﬁ'.normalize('NFKC'),
      'İ'.toLowerCase().length,
    ],
    patterns: [
      'x1y22'.replace(/(?<=x)\d/, '#'),
      /^\p{Lu}\p{Ll}+$/u.test('Äpfel'),
      [...'2024-05'.matchAll(/(?<y>\d+)-(?<m>\d+)/g)].map(({ groups }) => ({ ...groups })),
      'aBc'.replace(/b/i, (match) => match.repeat(2)),
      'a\nb'.match(/a.b/s)?.[0].length,
      /(a)|(b)/d.exec('b')?.indices?.[2],
      'A-B_C'.split(/[-_]/),
    ],
    arrays: [
      [3, 1, 2].toSorted(),
      [1, 2, 3].with(1, 9),
      [1, 2, 3].findLast((n) => n < 3),
      Array.from({ length: 3 }, (_, n) => n * n),
    ],
    stable: [
      { k: 1, v: 'a' },
      { k: 0, v: 'b' },
      { k: 1, v: 'c' },
      { k: 0, v: 'd' },
    ]
      .sort((a, b) => a.k - b.k)
      .map(({ v }) => v),
    objects: [Object.entries({ b: 1, 2: 2, a: 3, 1: 4 }), Object.hasOwn({ a: 1 }, 'a'), Object.is(-0, 0)],
    json: [JSON.stringify({ a: [undefined, Number.NaN], b: '\u2028\ud800' }, null, 1), JSON.parse('[1e3,"\\u00e9"]')],
    frozen: (() => {
      try {
        (Object.freeze({ a: 1 }) as { a: number }).a = 2;
        return 'changed';
      } catch (error) {
        return (error as Error).name;
      }
    })(),
    iterators: [...new Map([[1, 2]]).entries().map(([key, value]) => key + value)],
    typed: [...new Float32Array([1.1])].map((n) => n.toFixed(3)),
    big: [(123n ** 10n).toString(), BigInt.asUintN(8, 257n).toString(), Number(2n)],
    encoded: [encodeURIComponent('ü /&'), decodeURIComponent('%C3%BC'), escape('ü')],
    errors: [
      new Error('a').toString(),
      String(new TypeError('b')),
      Object.prototype.toString.call(new RangeError('c')),
    ],
  };
}

/** What the language has that the other side may not. */
export async function kinds(): Promise<unknown> {
  const names =
    'Intl SharedArrayBuffer Atomics WeakRef FinalizationRegistry structuredClone queueMicrotask performance crypto atob setInterval WebAssembly Iterator Float16Array AbortSignal assert eval Function escape console';
  return Object.fromEntries(
    names.split(' ').map((name) => [name, typeof (globalThis as Record<string, unknown>)[name]]),
  );
}
