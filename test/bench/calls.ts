/** Part one: a call of one function, in every kind of box there is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Competitors } from './competitors.ts';
import { type Contender, NotAvailable, type Opened } from './contender.ts';
import { type Figure, type Missing, percentile, timed } from './figures.ts';
import { cloister, cloisterPaced } from './rows/cloister.ts';
import { deno } from './rows/deno.ts';
import { direct } from './rows/direct.ts';
import { fork } from './rows/fork.ts';
import { quickjs } from './rows/quickjs.ts';
import { thread } from './rows/thread.ts';
import { vm } from './rows/vm.ts';
import { workerd } from './rows/workerd.ts';
import type { Subject } from './subject.ts';

const ROUNDS = 7;
const WARM_SHARE = 0.2;
const GOAL = { median: 2, tail: 5 };

/** In the order of the table. */
const CONTENDERS = [direct, vm, quickjs, cloister, cloisterPaced, workerd, thread, fork, deno];

interface Row {
  readonly contender: Contender;
  readonly opened: Opened;
  readonly medians: number[];
  readonly tails: number[];
}

/** Measures all contenders round by round, so that what the machine does meanwhile falls on all of them. */
export async function measureCalls(
  subject: Subject,
  competitors: Competitors,
  progress: (text: string) => void,
): Promise<(Figure | Missing)[]> {
  await using owned = new AsyncDisposableStack();
  const rows: (Row | Missing)[] = [];
  for (const contender of CONTENDERS) {
    progress(`calls: starting ${contender.name}`);
    const row = await open(contender, subject, competitors);
    if ('opened' in row) owned.defer(() => row.opened.close());
    rows.push(row);
  }
  const ready = rows.filter((row): row is Row => 'opened' in row);
  for (const { opened, contender } of ready) {
    await callAll(opened, contender, subject, Math.ceil(contender.calls * WARM_SHARE));
  }
  for (let round = 1; round <= ROUNDS; round++) {
    progress(`calls: round ${round} of ${ROUNDS}`);
    for (const row of ready) await measure(row, subject, row.contender.calls);
  }
  return rows.flatMap<Figure | Missing>((row) => ('opened' in row ? figures(row) : [row]));
}

async function open(contender: Contender, subject: Subject, competitors: Competitors): Promise<Row | Missing> {
  try {
    const opened = await contender.open(subject, competitors);
    return { contender, opened, medians: [], tails: [] };
  } catch (error) {
    if (!(error instanceof NotAvailable)) throw error;
    return { what: contender.name, reason: error.message.split('\n', 1)[0] ?? '' };
  }
}

async function measure({ contender, opened, medians, tails }: Row, subject: Subject, calls: number): Promise<void> {
  const times = await callAll(opened, contender, subject, calls);
  medians.push(percentile(times, 0.5));
  tails.push(percentile(times, 0.99));
}

async function callAll(opened: Opened, { gapMs, name }: Contender, subject: Subject, calls: number): Promise<number[]> {
  const times: number[] = [];
  for (let call = 0; call < calls; call++) {
    let output = '';
    times.push(
      await timed(async () => {
        output = await opened.call(subject.input);
      }),
    );
    if (output !== subject.output) throw new Error(`${name} answered ${output}, expected ${subject.output}`);
    await opened.tidy?.();
    if (gapMs !== undefined) await sleep(gapMs);
  }
  return times;
}

function figures({ contender, opened, medians, tails }: Row): Figure[] {
  const goal = contender === cloister || contender === cloisterPaced ? GOAL : undefined;
  const n = contender.calls * ROUNDS;
  const call: Figure = {
    what: contender.name,
    unit: 'ms',
    rounds: medians,
    tails,
    n,
    isCall: true,
    ...(goal && { goal }),
  };
  const { startMs } = opened;
  if (startMs === undefined) return [call];
  return [call, { what: `${contender.name}: start`, unit: 'ms', rounds: startMs, n: startMs.length }];
}
