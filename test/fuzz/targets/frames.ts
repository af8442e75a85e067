/** Bytes and messages of a cell that lies: through the reader of frames, and out of a real process into a real pool. */
import { deeperThan } from '../../../sandbox/depth.ts';
import { encodeFrame, FrameError, FrameReader, MAX_FRAME } from '../../../sandbox/frames.ts';
import { DEFAULT_LIMITS, type Limits, type LogLine, type RunOutcome } from '../../../sandbox/index.ts';
import { Job } from '../../../sandbox/job.ts';
import { parseFromCell } from '../../../sandbox/message.ts';
import { Pool } from '../../../sandbox/pool.ts';
import { loadSources, type Sources } from '../../../sandbox/source.ts';
import { watchLoop } from '../../hostile/harness/loop.ts';
import { bundleOf, openRig, outputOf, type Rig, START } from '../../sandbox/rig.ts';
import { jsonText, NUMBERS, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';
import { LIAR, type Step } from './liar.ts';

const LIMITS: Limits = { ...DEFAULT_LIMITS, wallMs: 300, calls: 600, inFlight: 3, logLines: 20, resultBytes: 100_000 };
/** A cell that is stuck is ended after its wall limit and a second; the machine may be busy. */
const END_MS = 8_000;
const DEPTH = 256;
const LOOP_MAX_MS = 250;
const GROWN_MB = 250;
const CODES: readonly unknown[] = [
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

/** See the file's first line. A neighbour in an honest cell runs beside each lie. */
export const frames: Target = {
  name: 'frames',
  open: async (): Promise<Bench> => {
    const sources = await loadSources();
    const rig = openRig();
    outputOf(await rig.run('const main = () => 7;'));
    return {
      make,
      attempt: async (input) => {
        if (input.kind === 'bytes') return readBytes(input.parts);
        if (input.kind === 'message') return parseMessages(input.parts);
        return lie(input.parts, sources, rig);
      },
      [Symbol.asyncDispose]: () => rig.sandbox.close(),
    };
  },
};

function make(random: Random): Input {
  const roll = random.below(100);
  if (roll < 40) return { kind: 'bytes', parts: makeBytes(random) };
  if (roll < 80) return { kind: 'message', parts: random.several(1, 20, () => JSON.stringify(makeMessage(random))) };
  return { kind: 'liar', parts: makePlan(random).map((step) => JSON.stringify(step)) };
}

/** Frames, some of them broken, cut anywhere. */
function makeBytes(random: Random): string[] {
  const whole = random.several(1, 6, () => breakFrame(random, encodeFrame(makeMessage(random))));
  let bytes = Buffer.concat(whole);
  const chunks: string[] = [];
  while (bytes.length > 0) {
    const size = 1 + random.below(random.pick([1, 4, 5, 64, 4096]));
    chunks.push(bytes.subarray(0, size).toString('base64'));
    bytes = bytes.subarray(size);
  }
  return chunks;
}

function breakFrame(random: Random, frame: Buffer): Buffer {
  if (random.chance(0.7)) return frame;
  const broken = Buffer.from(frame);
  for (let i = 0; i < 1 + random.below(3); i++) broken[random.below(broken.length)] = random.below(256);
  return random.chance(0.3) ? broken.subarray(0, random.below(broken.length)) : broken;
}

const usage = { cpuMs: 1, wallMs: 1, calls: 0 };

/** Messages of a cell, right and wrong. */
function makeMessage(random: Random): unknown {
  const plain = random.pick<() => Record<string, unknown>>([
    () => ({ t: 'ready' }),
    () => ({ t: 'pulse' }),
    () => ({ t: 'call', id: '$id', call: random.below(5), method: makeMethod(random), args: jsonText(random, 2) }),
    () => ({ t: 'log', id: '$id', level: 'info', message: random.pick(STRINGS), data: jsonText(random, 2) }),
    () => ({ t: 'end', id: '$id', ended: { ok: true, output: jsonText(random, 2) }, usage }),
    () => ({
      t: 'end',
      id: '$id',
      ended: { ok: false, code: random.pick(CODES), message: random.pick(STRINGS) },
      usage,
    }),
    () => ({ t: 'end', id: '$id', ended: makeStack(random), usage }),
    () => ({ t: 'gone', id: '$id' }),
    () => ({ t: 'catastrophe', id: '$id', message: random.pick(STRINGS) }),
  ])();
  return random.chance(0.6) ? plain : mutate(random, plain);
}

function makeStack(random: Random): Record<string, unknown> {
  const frame = () => `    at ${random.pick(STRINGS)} (bundle:${random.pick(NUMBERS)}:${random.below(99)})`;
  const stack = random.several(0, 400, frame).join('\n');
  return { ok: false, code: 'SCRIPT_ERROR', message: 'x', stack, thrownCode: random.pick(STRINGS) };
}

const makeMethod = (random: Random): string => random.pick(['fhir.read', 'http.fetch', 'evaluate', ...STRINGS]);

/** One field of it (or of an object in it) exchanged, taken away or added. */
function mutate(random: Random, message: Record<string, unknown>): unknown {
  if (random.chance(0.1)) return parseLoose(jsonText(random, 3));
  const names = [...Object.keys(message), random.pick(STRINGS)];
  const name = random.pick(names);
  const value = message[name];
  if (typeof value === 'object' && value !== null && random.chance(0.7)) {
    return { ...message, [name]: mutate(random, value as Record<string, unknown>) };
  }
  const { [name]: _, ...rest } = message;
  return random.chance(0.3) ? rest : { ...rest, [name]: parseLoose(jsonText(random, 2)) };
}

/** Null for what the host could not write as JSON again. */
function parseLoose(text: string): unknown {
  return deeperThan(text, DEPTH * 4) ? null : JSON.parse(text);
}

const SIZES = [0, 100, 10_000, 1_000_000, 4_000_000, 15_000_000] as const;

/** The plan of a run as an honest cell would do it, with steps taken away, moved, repeated and made up. */
function makePlan(random: Random): Step[] {
  const ready: Step = { on: 'guest', send: { t: 'ready' } };
  const honest: Step[] = [
    { on: 'run', send: { t: 'call', id: '$id', call: 0, method: 'fhir.read', args: '{}' } },
    { on: 'run', send: { t: 'log', id: '$id', level: 'info', message: 'x' } },
    { on: 'answer', send: { t: 'end', id: '$id', ended: { ok: true, output: '7' }, usage } },
    { on: 'answer', send: { t: 'gone', id: '$id' } },
  ];
  const steps = honest.filter(() => random.chance(0.7));
  for (const step of random.several(0, 6, () => makeStep(random)))
    steps.splice(random.below(steps.length + 1), 0, step);
  return random.chance(0.98) ? [ready, ...steps] : steps;
}

function makeStep(random: Random): Step {
  const on = random.pick(['guest', 'run', 'run', 'run', 'answer', 'answer', 'cancel'] as const);
  const roll = random.below(20);
  const afterMs = random.pick([0, 0, 0, 1, 50, 400]);
  if (roll === 0) return { on, afterMs, last: random.pick(['exit', 'deaf', 'busy'] as const) };
  if (roll < 3) return { on, afterMs, bytes: breakFrame(random, encodeFrame(makeMessage(random))).toString('base64') };
  const times = random.pick([1, 1, 1, 2, 5, 30, 1000]);
  if (roll === 3)
    return { on, everyMs: random.pick([1, 20, 100]), times: random.pick([1, 3]), send: makeMessage(random) };
  if (roll < 7) {
    const fill = random.pick(['x', 'x', '\\u0001', 'é', '[']);
    const size = Math.floor(random.pick(SIZES) / fill.length);
    const fit = Math.max(1, Math.min(times, Math.floor(60_000_000 / (size + 1))));
    return { on, afterMs, times: fit, size, fill, send: makeBig(random) };
  }
  return { on, afterMs, times, send: makeMessage(random) };
}

/** Messages in which one text is as large as it may be. */
function makeBig(random: Random): unknown {
  return random.pick<unknown>([
    { t: 'log', id: '$id', level: 'info', message: '$big' },
    { t: 'log', id: '$id', level: 'info', message: 'x', data: '"$big"' },
    { t: 'call', id: '$id', call: 1, method: '$big', args: '{}' },
    { t: 'call', id: '$id', call: 1, method: 'fhir.read', args: '"$big"' },
    { t: 'end', id: '$id', ended: { ok: true, output: '"$big"' }, usage },
    { t: 'end', id: '$id', ended: { ok: false, code: 'SCRIPT_ERROR', message: '$big' }, usage },
    { t: 'end', id: '$id', ended: { ok: false, code: 'SCRIPT_ERROR', message: 'x', stack: '$big' }, usage },
    { t: '$big' },
    { t: 'pulse', more: '$big' },
    { t: 'pulse', more: '$list' },
  ]);
}

/** A stream gives the same messages however it is cut; a fault takes those of its own piece with it. */
function readBytes(chunks: readonly string[]): string[] {
  const bytes = chunks.map((chunk) => Buffer.from(chunk, 'base64'));
  const cut = readAll(bytes);
  const whole = splitFrames(Buffer.concat(bytes));
  const isFault = cut.at(-1) === FAULT && whole.at(-1) === FAULT;
  const expected = isFault ? [...whole.slice(0, cut.length - 1), FAULT] : whole;
  return JSON.stringify(cut) === JSON.stringify(expected) ? [] : ['bytes that come in pieces give other messages'];
}

function readAll(chunks: readonly Buffer[]): unknown[] {
  const reader = new FrameReader();
  const messages: unknown[] = [];
  try {
    for (const chunk of chunks) {
      for (const message of reader.push(chunk)) {
        parseFromCell(message);
        messages.push(message);
      }
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    messages.push(FAULT);
  }
  return messages;
}

const FAULT = 'a fault';

/** What a reader should make of bytes, in few words. */
function splitFrames(bytes: Buffer): unknown[] {
  const messages: unknown[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    if (size > MAX_FRAME) return [...messages, FAULT];
    if (at + 4 + size > bytes.length) break;
    try {
      messages.push(JSON.parse(bytes.toString('utf8', at + 4, at + 4 + size)));
    } catch {
      return [...messages, FAULT];
    }
    at += 4 + size;
  }
  return messages;
}

/** What is taken for a message has no field that its type does not have. */
function parseMessages(texts: readonly string[]): string[] {
  return texts.flatMap((text) => {
    const message = parseFromCell(JSON.parse(text));
    if (message === null) return [];
    return Object.getPrototypeOf(message) === Object.prototype ? [] : [`${text} comes with a prototype of its own`];
  });
}

/** What the host saw of one run in the lying cell. */
interface Seen {
  readonly lines: LogLine[];
  calls: number;
  open: number;
  mostOpen: number;
}

async function lie(parts: readonly string[], sources: Sources, rig: Rig): Promise<readonly string[]> {
  const steps = parts.map((part) => JSON.parse(part) as Step);
  const options = { maxCells: 2, memoryMb: 2_048, maxQueued: 10, idleMs: 60_000, recycleRuns: 100, recycleMs: 1e9 };
  const lying = { ...sources, cell: LIAR, prelude: JSON.stringify(steps) };
  const pool = new Pool(lying, { ...options, spare: false, log: () => undefined });
  // Who does not listen gets a lot to listen to.
  const answerSize = steps.some(({ last }) => last === 'deaf') ? 1_000_000 : 1_000;
  const isReady = steps.some(({ on, send }) => on === 'guest' && parseFromCell(send)?.t === 'ready');
  const seen: Seen = { lines: [], calls: 0, open: 0, mostOpen: 0 };
  const loop = watchLoop();
  const memory = watchMemory();
  const faults = await share(pool, rig, seen, { answerSize, isReady }).finally(() => pool.close());
  const { ownMax } = loop();
  const grownMb = memory();
  if (ownMax > LOOP_MAX_MS) faults.push(`the event loop was late by ${Math.round(ownMax)} ms`);
  if (grownMb > GROWN_MB) faults.push(`the host's memory grew by ${Math.round(grownMb)} MiB`);
  return faults;
}

/** One run in the lying cell and one in an honest cell. */
async function share(
  pool: Pool,
  rig: Rig,
  seen: Seen,
  plan: { answerSize: number; isReady: boolean },
): Promise<string[]> {
  const job = createJob(seen, plan.answerSize);
  pool.submit(job);
  const [end, neighbour] = await Promise.all([endOf(job), rig.run('const main = () => 7;')]);
  const faults = neighbour.ok ? [] : [`the neighbour ended with ${neighbour.error.code} ${neighbour.error.message}`];
  return [...faults, ...outcomeFaults(end, plan.isReady), ...seenFaults(seen)];
}

function createJob(seen: Seen, answerSize: number): Job {
  return new Job({
    cell: 'liar',
    bundle: bundleOf(''),
    entry: 'main',
    params: '{}',
    run: { id: 'run', workflow: 'w', activity: 'a', attempt: 1, startedAt: START, deterministic: false },
    env: {},
    limits: LIMITS,
    signal: new AbortController().signal,
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
