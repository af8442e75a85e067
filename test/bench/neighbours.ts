/** Part three: what three tenants that call steadily notice of a fourth that starts a hundred hostile runs at once. */
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bundle, createSandbox, DEFAULT_LIMITS, type RunOutcome, type Sandbox } from '../../sandbox/index.ts';
import { buildScript, callScript } from './cell.ts';
import { type Figure, percentile, spread, timed } from './figures.ts';
import type { Subject } from './subject.ts';

const ROUNDS = 2;
const RUNS = 100;
const ALONE_MS = 4_000;
const GAP_MS = 15;
const INNOCENTS = ['tenant-a', 'tenant-b', 'tenant-c'];

/** Kinds of hostile runs, by turns, each with the codes that it may end with. */
export const HOSTILE: readonly { readonly name: string; readonly code: RegExp; readonly source: string }[] = [
  { name: 'spins', code: /^SCRIPT_CPU$/, source: 'for (;;);' },
  {
    name: 'spins after an awaited call',
    code: /^SCRIPT_CPU$/,
    source: 'await $cloister.call("fhir.read", {}); for (;;);',
  },
  {
    name: 'takes memory without end',
    code: /^SCRIPT_MEMORY$/,
    source: 'const kept = []; for (;;) kept.push(new Uint8Array(1e6).fill(1));',
  },
  {
    name: 'loops in native code',
    code: /^SCRIPT_CPU$/,
    source: 'return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);',
  },
  {
    name: 'backtracks in a regular expression',
    code: /^SCRIPT_CPU$/,
    source: 'return /^(a+)+$/.test("a".repeat(40) + "b");',
  },
];

/** One round's measurements, milliseconds. */
interface Round {
  readonly calls: readonly number[];
  readonly delay: { readonly p99: number; readonly max: number };
}

/** Measures alone and beside, by turns, in one sandbox with the defaults of a host. */
export async function measureNeighbours(subject: Subject, progress: (text: string) => void): Promise<Figure[]> {
  const sandbox = createSandbox();
  try {
    const bundle = await buildScript(sandbox, subject.source);
    for (const cell of INNOCENTS) for (let i = 0; i < 50; i++) await callScript(sandbox, cell, bundle, subject.input);
    const call = (cell: string) => callScript(sandbox, cell, bundle, subject.input);
    const alone: Round[] = [];
    const beside: Round[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      progress(`neighbours: round ${round} of ${ROUNDS}`);
      alone.push(await measure(call, sleep(ALONE_MS)));
      beside.push(await measure(call, attack(sandbox)));
    }
    return figures(alone, beside);
  } finally {
    await sandbox.close();
  }
}

/** Calls steadily for as long as `until` takes. */
async function measure(call: (cell: string) => Promise<unknown>, until: Promise<unknown>): Promise<Round> {
  const calls: number[] = [];
  let over = false;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const steady = INNOCENTS.map(async (cell) => {
    while (!over) {
      calls.push(await timed(() => call(cell)));
      await sleep(GAP_MS);
    }
  });
  await until.finally(() => {
    over = true;
  });
  await Promise.all(steady);
  delay.disable();
  return { calls, delay: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 } };
}

/** Starts a hundred hostile runs of one tenant at once; resolves when each has ended as it should. */
async function attack(sandbox: Sandbox): Promise<void> {
  const runs = Array.from({ length: RUNS }, async (_, index) => {
    const kind = HOSTILE[index % HOSTILE.length];
    if (!kind) return;
    const code = codeOf(await runHostile(sandbox, kind.source, index));
    if (!kind.code.test(code)) throw new Error(`a script that ${kind.name} ended with ${code}`);
  });
  for (const run of await Promise.allSettled(runs)) if (run.status === 'rejected') throw run.reason;
}

function runHostile(sandbox: Sandbox, source: string, index: number): Promise<RunOutcome> {
  const startedAt = new Date().toISOString();
  return sandbox.run({
    cell: 'hostile',
    bundle: bundleOf(`async function main() { ${source} }`),
    entry: 'main',
    params: '{}',
    run: { id: `hostile-${index}`, workflow: 'w', activity: 'a', attempt: 1, startedAt, deterministic: false },
    env: {},
    limits: { ...DEFAULT_LIMITS, cpuMs: 250, heapMb: 64 },
    signal: new AbortController().signal,
    call: async () => null,
    log: () => undefined,
  });
}

function bundleOf(source: string): Bundle {
  const code = `(function ($cloister) { ${source}\nreturn { main }; })`;
  return { digest: createHash('sha256').update(code).digest('hex'), code, map: '' };
}

const codeOf = (outcome: RunOutcome): string => (outcome.ok ? 'ok' : outcome.error.code);

function figures(alone: readonly Round[], beside: readonly Round[]): Figure[] {
  const rows = (rounds: readonly Round[]) => ({
    unit: 'ms' as const,
    rounds: rounds.map(({ calls }) => percentile(calls, 0.5)),
    tails: rounds.map(({ calls }) => percentile(calls, 0.99)),
    n: rounds.reduce((sum, { calls }) => sum + calls.length, 0),
  });
  const base = rows(alone);
  const tail = spread(base.tails).median;
  const delay = (what: string, rounds: readonly Round[], goal?: Figure['goal']): Figure => ({
    what: `host's event loop, delay at its 99th percentile and worst: ${what}`,
    unit: 'ms',
    rounds: rounds.map((round) => round.delay.p99),
    tails: rounds.map((round) => round.delay.max),
    n: rounds.length,
    ...(goal && { goal }),
  });
  return [
    { what: 'a call of three steady tenants, alone', ...base },
    {
      what: `the same beside ${RUNS} hostile runs of a fourth`,
      ...rows(beside),
      goal: { tail: Math.round(Math.max(1.25 * tail, tail + 50)) },
    },
    delay('alone', alone),
    delay(`beside ${RUNS} hostile runs`, beside, { median: 50, tail: 250 }),
  ];
}
