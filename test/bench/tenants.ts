/** Part three: many tenants at once, and one cell for very many runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createSandbox, type Sandbox } from '../../sandbox/index.ts';
import { readRss } from '../../sandbox/rss.ts';
import { buildScript, callScript } from './cell.ts';
import { type Figure, percentile, timed } from './figures.ts';
import type { Subject } from './subject.ts';

const TENANTS = 50;
const ROUNDS = 5;
const ROUND_MS = 4_000;
/** Pause of a tenant between two calls: 50 of them make some 100 calls a second. */
const PAUSE_MS = 500;

const RUNS = 10_000;
const FIRST_RUNS = 1_000;
const SAMPLE_RUNS = 250;
const RECYCLED = 'cells recycled as usual';
const KEPT = 'one cell for all';

/** Measures with sandboxes of its own, which nothing else uses meanwhile. */
export async function measureTenants(subject: Subject, progress: (text: string) => void): Promise<Figure[]> {
  progress(`tenants: ${TENANTS} cells, a call every ${PAUSE_MS} ms each`);
  const many = await withSandbox({ maxCells: TENANTS + 1 }, (sandbox) => activeTenants(sandbox, subject));
  progress(`tenants: ${RUNS} runs in a row, twice`);
  const recycled = await withSandbox({}, (sandbox) => endurance(sandbox, subject, RECYCLED));
  const kept = await withSandbox({ recycleRuns: Number.POSITIVE_INFINITY }, (sandbox) =>
    endurance(sandbox, subject, KEPT),
  );
  return [...many, ...recycled, ...kept];
}

async function withSandbox<T>(
  options: { readonly maxCells?: number; readonly recycleRuns?: number },
  use: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const sandbox = createSandbox({ spare: false, ...options });
  try {
    return await use(sandbox);
  } finally {
    await sandbox.close();
  }
}

async function activeTenants(sandbox: Sandbox, { source, input }: Subject): Promise<Figure[]> {
  const bundle = await buildScript(sandbox, source);
  const tenants = Array.from({ length: TENANTS }, (_, index) => `tenant-${index}`);
  for (const tenant of tenants) await callScript(sandbox, tenant, bundle, input);
  const medians: number[] = [];
  const tails: number[] = [];
  let n = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const calls = (
      await Promise.all(tenants.map((tenant) => beat(() => callScript(sandbox, tenant, bundle, input))))
    ).flat();
    medians.push(percentile(calls, 0.5));
    tails.push(percentile(calls, 0.99));
    n += calls.length;
  }
  const pids = sandbox.stats().cells.map(({ pid }) => pid);
  const memory = [...(await readRss(pids)).values()].reduce((sum, mb) => sum + mb, 0);
  return [
    { what: `${TENANTS} active tenants, a cell each: one call`, unit: 'ms', rounds: medians, tails, n },
    { what: `${TENANTS} active tenants: memory of all cells`, unit: 'MiB', rounds: [memory], n: 1 },
  ];
}

/** Times of the calls of one tenant through a round, which begin at a moment of its own. */
async function beat(call: () => Promise<unknown>): Promise<number[]> {
  const until = performance.now() + ROUND_MS;
  const times: number[] = [];
  await sleep(Math.random() * PAUSE_MS);
  while (performance.now() < until) {
    times.push(await timed(call));
    await sleep(PAUSE_MS);
  }
  return times;
}

/** The most memory in the later runs against the most in the first thousand: what grows for ever shows, what goes up and down does not. */
async function endurance(sandbox: Sandbox, { source, input }: Subject, how: string): Promise<Figure[]> {
  const bundle = await buildScript(sandbox, source);
  const samples: Memory[] = [];
  for (let done = 0; done < RUNS; done += SAMPLE_RUNS) {
    for (let i = 0; i < SAMPLE_RUNS; i++) await callScript(sandbox, 'endurance', bundle, input);
    samples.push(await memoryOf(sandbox));
  }
  const first = samples.slice(0, FIRST_RUNS / SAMPLE_RUNS);
  const later = samples.slice(first.length);
  const growth = (of: keyof Memory): number =>
    Math.max(...later.map((each) => each[of])) / Math.max(...first.map((each) => each[of]));
  const what = `${RUNS} runs, ${how}: most memory after ÷ within the first ${FIRST_RUNS}`;
  const goal = how === RECYCLED ? { goal: { median: 1.1 } } : {};
  return [
    { what: `${what}, cell`, unit: '×', rounds: [growth('cell')], n: RUNS, ...goal },
    { what: `${what}, host`, unit: '×', rounds: [growth('host')], n: RUNS, ...goal },
  ];
}

interface Memory {
  readonly cell: number;
  readonly host: number;
}

async function memoryOf(sandbox: Sandbox): Promise<Memory> {
  const pids = sandbox.stats().cells.map(({ pid }) => pid);
  const cells = await readRss(pids);
  return { cell: [...cells.values()].reduce((sum, mb) => sum + mb, 0), host: process.memoryUsage.rss() / 2 ** 20 };
}
