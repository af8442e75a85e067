/** Bytes and messages of a cell that lies: through the reader of frames, and out of a real process into a real pool. */
import { deeperThan } from '../../../sandbox/depth.ts';
import { encodeFrame } from '../../../sandbox/frames.ts';
import { loadSources } from '../../../sandbox/source.ts';
import { openRig, outputOf } from '../../sandbox/rig.ts';
import { jsonText, NUMBERS, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';
import { parseMessages, readBytes } from './bytes.ts';
import type { Step } from './liar.ts';
import { CODES, lie } from './lying.ts';

/** Deeper values are not made. */
const DEPTH = 1_000;

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
  return deeperThan(text, DEPTH) ? null : JSON.parse(text);
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
