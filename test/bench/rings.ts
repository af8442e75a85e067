/** What the rings cost: warm calls of the sandbox as it is, by turns with those of a copy that has none. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createSandbox, type Sandbox } from '../../sandbox/index.ts';
import { RINGS } from '../hostile/weakened/builds.ts';
import { copyWith } from '../hostile/weakened/copy.ts';
import { buildScript, callScript } from './cell.ts';
import { type Figure, percentile, timed } from './figures.ts';
import type { Subject } from './subject.ts';

const ROUNDS = 11;
const CALLS = 300;

/** What else runs for the rings while there is work: the looks of the supervisor. */
const NO_LOOKS = {
  file: 'sandbox/pool.ts',
  from: 'this.#look ??= setInterval(() => void this.#lookAtCells(), LOOK_MS);',
  to: '',
};

/** Measures with two sandboxes, which nothing else uses meanwhile. */
export async function measureRings({ source, input }: Subject, progress: (text: string) => void): Promise<Figure[]> {
  progress('rings: with and without, by turns');
  const edits = Object.values(RINGS).flatMap((ring) => [...ring.edits]);
  await using copy = await copyWith([...edits, NO_LOOKS]);
  const bare = (await import(pathToFileURL(join(copy.dir, 'sandbox/index.ts')).href)) as {
    createSandbox: typeof createSandbox;
  };
  const sandboxes = { with: createSandbox(), without: bare.createSandbox() };
  try {
    const medians = { with: [] as number[], without: [] as number[] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const which of ['with', 'without'] as const) {
        const median = await medianOf(sandboxes[which], source, input);
        // The first round warms both up.
        if (round > 0) medians[which].push(median);
      }
    }
    const ratios = medians.with.map((value, round) => value / (medians.without[round] ?? value));
    const n = ROUNDS * CALLS;
    return [
      { what: 'warm call without the four rings', unit: 'ms', rounds: medians.without, n },
      {
        what: 'warm call with the four rings ÷ without, by round',
        unit: '×',
        rounds: ratios,
        n,
        goal: { median: 1.1 },
      },
    ];
  } finally {
    await Promise.all(Object.values(sandboxes).map((sandbox) => sandbox.close()));
  }
}

async function medianOf(sandbox: Sandbox, source: string, input: string): Promise<number> {
  const bundle = await buildScript(sandbox, source);
  const times: number[] = [];
  for (let call = 0; call < CALLS; call++) times.push(await timed(() => callScript(sandbox, 'rings', bundle, input)));
  return percentile(times, 0.5);
}
