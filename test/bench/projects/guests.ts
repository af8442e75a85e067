/** The interpreter itself: runs of the same code in guests and under the plain SDK, with the same functions as activities. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figure, timed } from '../figures.ts';
import { startGuest, startPlain } from './sides.ts';
import type { Stand } from './stand.ts';

/** The workflows' file. */
export const FLOWS = fileURLToPath(new URL('flows.ts', import.meta.url));

const QUEUES = { guest: 'bench-guest', plain: 'bench-plain-guest' } as const;
const LOCAL_STEPS = 40;
const LOCAL_ROUNDS = 15;
const RUNS = 200;
const STEPS = 5;
const RUNS_ROUNDS = 2;
const WARM_UP = 20;

/** By turns, round by round. `folder` is empty. */
export async function measureGuests(stand: Stand, folder: string): Promise<Figure[]> {
  await using owned = new AsyncDisposableStack();
  owned.defer(await startPlain(stand, FLOWS, QUEUES.plain));
  owned.defer(await startGuest(stand, { path: FLOWS, taskQueue: QUEUES.guest, folder: join(folder, 'guests') }));
  const local = await byTurns(LOCAL_ROUNDS, (side) => execute(stand, side, 'localSteps', LOCAL_STEPS));
  const many = await byTurns(RUNS_ROUNDS, (side, isWarmUp) =>
    Promise.all(Array.from({ length: isWarmUp ? WARM_UP : RUNS }, () => execute(stand, side, 'steps', STEPS))),
  );
  const steps = `${LOCAL_STEPS} local activities, one after the other`;
  const runs = `${RUNS} runs × ${STEPS} activities at once`;
  const throughput = many.guest.map((ms, round) => (many.plain[round] ?? Number.NaN) / ms);
  const ratios = local.guest.map((ms, round) => ms / (local.plain[round] ?? Number.NaN));
  const goals = { ratio: { median: 1.3 }, throughput: { least: 0.7 } };
  return [
    { what: `${steps}: plain SDK`, unit: 'ms', rounds: local.plain, n: LOCAL_ROUNDS },
    { what: `${steps}: guest`, unit: 'ms', rounds: local.guest, n: LOCAL_ROUNDS },
    { what: `${steps}: guest ÷ plain, by round`, unit: '×', rounds: ratios, n: LOCAL_ROUNDS, goal: goals.ratio },
    { what: `${runs}: plain SDK`, unit: 'ms', rounds: many.plain, n: RUNS_ROUNDS },
    { what: `${runs}: guests`, unit: 'ms', rounds: many.guest, n: RUNS_ROUNDS },
    {
      what: `${runs}: throughput of guests ÷ plain, by round`,
      unit: '×',
      rounds: throughput,
      n: RUNS_ROUNDS,
      goal: goals.throughput,
    },
  ];
}

type Side = keyof typeof QUEUES;

/** The first round is none. */
async function byTurns(
  rounds: number,
  work: (side: Side, isWarmUp: boolean) => Promise<unknown>,
): Promise<Record<Side, number[]>> {
  const times: Record<Side, number[]> = { guest: [], plain: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const side of ['guest', 'plain'] as const) {
      const ms = await timed(() => work(side, round === 0));
      if (round > 0) times[side].push(ms);
    }
  }
  return times;
}

async function execute({ client }: Stand, side: Side, type: string, count: number): Promise<void> {
  const started = { taskQueue: QUEUES[side], workflowId: randomUUID(), args: [count] };
  const sum: unknown = await client.workflow.execute(type, started);
  const wanted = (count * (count - 1)) / 2;
  if (sum !== wanted) throw new Error(`${type} on the ${side} side gave ${sum}, expected ${wanted}`);
}
