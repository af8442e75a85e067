/** A lying cell in a real pool, and what the host must make of it. */
import { deeperThan } from '../../../sandbox/depth.ts';
import { DEFAULT_LIMITS, type Limits, type LogLine, type RunOutcome } from '../../../sandbox/index.ts';
import { Job } from '../../../sandbox/job.ts';
import { parseFromCell } from '../../../sandbox/message.ts';
import { Pool } from '../../../sandbox/pool.ts';
import type { Sources } from '../../../sandbox/source.ts';
import { watchLoop } from '../../hostile/harness/loop.ts';
import { bundleOf, type Rig, START } from '../../sandbox/rig.ts';
import { LIAR, type Step } from './liar.ts';

const LIMITS: Limits = { ...DEFAULT_LIMITS, wallMs: 300, calls: 600, inFlight: 3, logLines: 20, resultBytes: 100_000 };
/** A cell that is stuck is ended after its wall limit and a second; the machine may be busy. */
const END_MS = 12_000;
const DEPTH = 256;
/** Calls whose answers may wait in the host: an answer is longer than a pipe. */
const UNREAD = LIMITS.inFlight + 1;
/** When a run is cancelled whose plan waits for that. */
const CANCEL_MS = 100;
const LOOP_MAX_MS = 250;
const GROWN_MB = 250;
/** Codes that a run may end with. */
export const CODES: readonly unknown[] = [
  'SCRIPT_ERROR',
  'SCRIPT_WALL',
  'SCRIPT_CPU',
  'SCRIPT_MEMORY',
  'SCRIPT_KILLED',
  'MAIN_MISSING',
  'RESULT_NOT_JSON',
  'RESULT_TOO_LARGE',
  'PARAMS_TOO_LARGE',
  'TOO_DEEP',
  'CANCELLED',
];

/** What the host saw of one run in the lying cell. */
interface Seen {
  readonly lines: LogLine[];
  calls: number;
  open: number;
  mostOpen: number;
}

/** Runs a plan (steps as JSON) in the place of a cell, for two runs at once, and one run in an honest cell; what is wrong. */
export async function lie(parts: readonly string[], sources: Sources, rig: Rig): Promise<readonly string[]> {
  const steps = parts.map((part) => JSON.parse(part) as Step);
  const options = { maxCells: 2, memoryMb: 2_048, maxQueued: 10, idleMs: 60_000, recycleRuns: 100, recycleMs: 1e9 };
  const lying = { ...sources, cell: LIAR, prelude: JSON.stringify(steps) };
  const pool = new Pool(lying, { ...options, spare: false, log: () => undefined });
  const loop = watchLoop();
  const memory = watchMemory();
  const faults = await share(pool, steps, rig).finally(() => pool.close());
  const { ownMax } = loop();
  const grownMb = memory();
  if (ownMax > LOOP_MAX_MS) faults.push(`the event loop was late by ${Math.round(ownMax)} ms`);
  if (grownMb > GROWN_MB) faults.push(`the host's memory grew by ${Math.round(grownMb)} MiB`);
  return faults;
}

async function share(pool: Pool, steps: readonly Step[], rig: Rig): Promise<string[]> {
  const isReady = steps.some(({ on, send }) => on === 'guest' && parseFromCell(send)?.t === 'ready');
  const own = [submit(pool, steps), submit(pool, steps)];
  const neighbour = await rig.run('const main = () => 7;');
  const faults = neighbour.ok ? [] : [`the neighbour ended with ${neighbour.error.code} ${neighbour.error.message}`];
  for (const { ended, seen } of own) faults.push(...outcomeFaults(await ended, isReady), ...seenFaults(seen));
  const isDeaf = steps.some(({ on, last, afterMs = 0 }) => on === 'run' && last === 'deaf' && afterMs === 0);
  const calls = Math.max(...own.map(({ seen }) => seen.calls));
  if (isDeaf && calls > UNREAD) faults.push(`took ${calls} calls of a cell that reads no answer, at most ${UNREAD}`);
  return faults;
}

function submit(pool: Pool, steps: readonly Step[]): { ended: ReturnType<typeof endOf>; seen: Seen } {
  const seen: Seen = { lines: [], calls: 0, open: 0, mostOpen: 0 };
  // Who does not listen gets a lot to listen to.
  const answerSize = steps.some(({ last }) => last === 'deaf') ? 1_000_000 : 1_000;
  const isCancelled = steps.some(({ on }) => on === 'cancel');
  const job = createJob(seen, answerSize, isCancelled ? AbortSignal.timeout(CANCEL_MS) : new AbortController().signal);
  pool.submit(job);
  return { ended: endOf(job), seen };
}

function createJob(seen: Seen, answerSize: number, signal: AbortSignal): Job {
  return new Job({
    cell: 'liar',
    bundle: bundleOf(''),
    entry: 'main',
    params: '{}',
    run: { id: 'run', workflow: 'w', activity: 'a', attempt: 1, startedAt: START, deterministic: false },
    env: {},
    limits: LIMITS,
    signal,
    // A neighbour ended the cell: its counts begin anew.
    onRestart: () => {
      seen.calls = 0;
      seen.lines.length = 0;
    },
    call: async () => {
      seen.calls++;
      seen.mostOpen = Math.max(seen.mostOpen, ++seen.open);
      await new Promise((resolve) => setImmediate(resolve));
      seen.open--;
      return { got: 'y'.repeat(answerSize) };
    },
    log: (line) => seen.lines.push(line),
  });
}

/** How the job ended: an outcome, the host's giving up, or nothing. */
async function endOf(job: Job): Promise<RunOutcome | 'given up' | 'not ended'> {
  const timer = Promise.withResolvers<'not ended'>();
  const timeout = setTimeout(() => timer.resolve('not ended'), END_MS);
  try {
    return await Promise.race([job.outcome, timer.promise]);
  } catch {
    return 'given up';
  } finally {
    clearTimeout(timeout);
  }
}

/** `isReady`: the cell says so; one that never does is waited for longer than this is. */
function outcomeFaults(end: RunOutcome | 'given up' | 'not ended', isReady: boolean): string[] {
  if (end === 'given up') return [];
  if (end === 'not ended') return !isReady ? [] : [`a run with a wall limit of ${LIMITS.wallMs} ms has not ended`];
  if (!Object.values(end.usage).every((figure) => figure >= 0)) return [`usage ${JSON.stringify(end.usage)}`];
  if (!end.ok) {
    const { code, message } = end.error;
    return CODES.includes(code) && message.length <= 2_048 ? [] : [`ended with ${code}, ${message.length} characters`];
  }
  const bytes = Buffer.byteLength(end.output);
  if (bytes > LIMITS.resultBytes) return [`took a result of ${bytes} bytes, at most ${LIMITS.resultBytes}`];
  return deeperThan(end.output, DEPTH) ? [`took a result deeper than ${DEPTH}`] : [];
}

function seenFaults({ lines, calls, mostOpen }: Seen): string[] {
  const faults: string[] = [];
  if (calls > LIMITS.calls) faults.push(`took ${calls} calls, at most ${LIMITS.calls}`);
  if (mostOpen > LIMITS.inFlight) faults.push(`took ${mostOpen} calls at once, at most ${LIMITS.inFlight}`);
  if (lines.length > LIMITS.logLines + 2) faults.push(`took ${lines.length} lines, at most ${LIMITS.logLines}`);
  for (const line of lines) {
    const text = JSON.stringify(line);
    if (text.length > 60_000) faults.push(`took a line of ${text.length} characters`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (/[\u0000-\u001f\u007f-\u009f\u2028\u202e\u200b\ufeff]/.test(line.message))
      faults.push('took control characters');
  }
  return faults;
}

function watchMemory(): () => number {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  return () => {
    clearInterval(timer);
    return (most - before) / 2 ** 20;
  };
}
