/** JSON through the sandbox and back: as parameter and result, as argument of a call, as its answer. */
import { isDeepStrictEqual } from 'node:util';
import { deeperThan } from '../../../sandbox/depth.ts';
import { DEFAULT_LIMITS, type RunOutcome } from '../../../sandbox/index.ts';
import { ANSWER_BYTES } from '../../../sandbox/limits.ts';
import { openRig, type Rig } from '../../sandbox/rig.ts';
import { jsonText } from '../edges.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';

const KINDS = ['result', 'argument', 'answer'] as const;

const SCRIPTS: Readonly<Record<string, string>> = {
  result: 'const main = (p) => p;',
  argument: 'async function main(p) { return (await $cloister.call("fhir.read", { p })).got; }',
  answer: 'async function main() { return $cloister.call("fhir.read", {}); }',
};

const DEPTH = 256;
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** See the file's first line. The oracle is `JSON` of the host. */
export const params: Target = {
  name: 'params',
  open: async () => {
    const rig = openRig();
    return { make, attempt: (input) => attempt(rig, input), [Symbol.asyncDispose]: () => rig.sandbox.close() };
  },
} satisfies Target & { open: () => Promise<Bench> };

function make(random: Random): Input {
  return { kind: random.pick(KINDS), parts: random.several(1, 6, () => jsonText(random)) };
}

async function attempt(rig: Rig, { kind, parts }: Input): Promise<readonly string[]> {
  const faults = await Promise.all(parts.map((text) => attemptOne(rig, kind, text)));
  return faults.flat();
}

async function attemptOne(rig: Rig, kind: string, text: string): Promise<readonly string[]> {
  const got: unknown[] = [];
  const outcome = await rig.run(SCRIPTS[kind] ?? '', {
    params: kind === 'answer' ? '{}' : text,
    call: async (_method, args) => {
      got.push((args as { p?: unknown }).p);
      return kind === 'answer' ? JSON.parse(text) : { got: true };
    },
  });
  const expected = kind === 'result' ? ofResult(text) : kind === 'argument' ? ofArgument(text) : ofAnswer(text);
  const ended = endOf(outcome);
  if (!expected.includes(ended))
    return [`${kind}: ended with ${cut(ended)}, expected ${expected.map(cut).join(' or ')}`];
  if (kind !== 'argument' || !outcome.ok) return [];
  return isDeepStrictEqual(got, [roundTrip(text)]) ? [] : ['argument: the host got another value than the script sent'];
}

/** How a run that returns its parameter may end: the text of its result, or a code. */
function ofResult(text: string): string[] {
  const unfit = unfitParams(text);
  if (unfit) return [unfit];
  const value: unknown = JSON.parse(text);
  if (hasInfinity(value)) return ['RESULT_NOT_JSON'];
  return ofSize(JSON.stringify(value), DEFAULT_LIMITS.resultBytes, 'RESULT_TOO_LARGE');
}

function ofArgument(text: string): string[] {
  const unfit = unfitParams(text);
  if (unfit) return [unfit];
  const value: unknown = JSON.parse(text);
  if (hasInfinity(value)) return ['SCRIPT_ERROR BAD_ARGUMENT'];
  const sent = JSON.stringify({ p: value });
  const codes = ofSize(sent, DEFAULT_LIMITS.argBytes, 'SCRIPT_ERROR TOO_LARGE').filter((code) => code !== sent);
  if (codes.length > 0) return codes;
  if (deeperThan(sent, DEPTH)) return ['SCRIPT_ERROR TOO_DEEP'];
  return hasForbiddenKey(value) ? ['SCRIPT_ERROR BAD_ARGUMENT'] : ['true'];
}

function ofAnswer(text: string): string[] {
  let answer: string;
  try {
    answer = JSON.stringify(JSON.parse(text));
  } catch {
    // Deeper than the host itself can write: no capability has such an answer.
    return ['SCRIPT_ERROR FAILED'];
  }
  if (Buffer.byteLength(`{"ok":${answer}}`) > ANSWER_BYTES) return ['SCRIPT_ERROR TOO_LARGE'];
  const fit = ofSize(answer, DEFAULT_LIMITS.resultBytes, 'RESULT_TOO_LARGE');
  return deeperThan(answer, DEPTH)
    ? ['TOO_DEEP', 'SCRIPT_ERROR TOO_DEEP', ...fit.filter((end) => end !== answer)]
    : fit;
}

/** At the very limit characters and bytes differ, and either may be counted. */
function ofSize(text: string, max: number, code: string): string[] {
  const bytes = Buffer.byteLength(text);
  return bytes > max ? [code] : [text];
}

function unfitParams(text: string): string | null {
  if (Buffer.byteLength(text) > DEFAULT_LIMITS.argBytes) return 'PARAMS_TOO_LARGE';
  return deeperThan(text, DEPTH) ? 'TOO_DEEP' : null;
}

function roundTrip(text: string): unknown {
  return JSON.parse(JSON.stringify(JSON.parse(text)));
}

function endOf(outcome: RunOutcome): string {
  if (outcome.ok) return outcome.output;
  const { code, thrownCode } = outcome.error;
  return thrownCode === undefined ? code : `${code} ${thrownCode}`;
}

function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}

function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, part]) => FORBIDDEN.includes(key) || hasForbiddenKey(part));
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
