/** Part three: whole workflows on one Temporal server, in cells and as plain activities, by turns. */
import { type Figure, percentile, timed } from './figures.ts';
import type { Load } from './temporal/load.ts';
import { editScript } from './temporal/project.ts';
import { type Sides, startSides, type WorkflowOptions } from './temporal/sides.ts';

const ROUNDS = 9;
const LOADS: readonly (Load & { readonly goal: number })[] = [
  { steps: 40, n: 10, goal: 1.25 },
  { steps: 10, n: 33, goal: 1.1 },
];
const ONE: Load = { steps: 1, n: 10 };

/** Measures each load on both sides, round by round. */
export async function measureWorkflows(options: WorkflowOptions): Promise<Figure[]> {
  const { progress } = options;
  progress('workflows: starting the servers');
  const sides = await startSides(options, [...LOADS, ONE]);
  try {
    const figures: Figure[] = [];
    for (const load of LOADS) {
      progress(`workflows: ${load.steps} × fib(${load.n})`);
      figures.push(...(await compare(sides, load)));
    }
    progress('workflows: first run after an edit');
    return [...figures, ...(await afterEdits(sides))];
  } finally {
    await sides.close();
  }
}

async function compare(sides: Sides, load: (typeof LOADS)[number]): Promise<Figure[]> {
  await sides.cloister(load);
  await sides.plain(load);
  const ours: number[] = [];
  const theirs: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const our = await timed(() => sides.cloister(load));
    const their = await timed(() => sides.plain(load));
    ours.push(our);
    theirs.push(their);
    ratios.push(our / their);
  }
  const what = `${load.steps} × fib(${load.n})`;
  const n = ROUNDS;
  return [
    { what: `${what}, plain Temporal activities`, unit: 'ms', rounds: theirs, n },
    { what: `${what}, Cloister workflow`, unit: 'ms', rounds: ours, n },
    { what: `${what}, Cloister ÷ plain, by round`, unit: '×', rounds: ratios, n, goal: { median: load.goal } },
  ];
}

/** What a whole run takes, and what it takes longer when the script has just been edited. */
async function afterEdits(sides: Sides): Promise<Figure[]> {
  const warm: number[] = [];
  const firsts: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await sides.cloister(ONE);
    warm.push(await timed(() => sides.cloister(ONE)));
    await editScript(sides.projectDir, round);
    firsts.push(await timed(() => sides.cloister(ONE)));
  }
  const usual = percentile(warm, 0.5);
  const n = ROUNDS;
  return [
    { what: 'run of one activity, start to result', unit: 'ms', rounds: warm, n },
    { what: 'the first such run after an edit, beyond that', unit: 'ms', rounds: firsts.map((ms) => ms - usual), n },
  ];
}
