import { deeperThan } from '../depth.ts';
import { MAX_DEPTH } from '../limits.ts';
import type { Isolate } from './isolate.ts';
import type { Shelf } from './shelf.ts';
import { parsed } from './text.ts';

const HEAP_MB = 16;
const DEFAULT_MS = 250;
const MAX_MS = 1_000;
const ANSWER_CHARS = 256 * 1024;
const ENVELOPE_CHARS = 64;

/** Names that may be variables of an evaluated text: what could end the parameter list cannot be one. */
const NAME = /^[A-Za-z_$][\w$]*$/;

/** One call of `evaluate`: JSON text, and for a deterministic run the seed of the call. */
interface Evaluation {
  readonly args: string;
  readonly seed: string | null;
}

/**
 * Answers the bridge's method `evaluate`: text in a second isolate that has no capabilities, at most `cpuLeftMs`. Resolves
 * to an answer's text. The isolate is handed to `opened`, whose owner knows by it what the text costs and may dispose of it
 * before its time.
 */
export async function evaluateSealed(
  shelf: Shelf,
  evaluation: Evaluation,
  cpuLeftMs: number,
  opened: (isolate: Isolate) => void,
): Promise<string> {
  const question = parseQuestion(evaluation);
  if (typeof question === 'string') return refusal('BAD_ARGUMENT', question);
  const isolate = shelf.takeSealed(HEAP_MB);
  opened(isolate);
  try {
    const answer = await isolate.ask(question.text, Math.max(1, Math.ceil(Math.min(question.timeoutMs, cpuLeftMs))));
    return 'text' in answer ? answerText(answer.text) : refusal('INVALID', `the text was ended: ${answer.fault}`);
  } finally {
    isolate.dispose();
  }
}

function parseQuestion({ args, seed }: Evaluation): { readonly text: string; readonly timeoutMs: number } | string {
  if (deeperThan(args, MAX_DEPTH)) return 'the scope is nested too deep';
  const asked: unknown = JSON.parse(args);
  if (typeof asked !== 'object' || asked === null) return 'expected source and scope';
  const { source, scope, timeoutMs = DEFAULT_MS, now } = asked as Record<string, unknown>;
  if (typeof source !== 'string') return 'source must be a text';
  if (typeof scope !== 'object' || scope === null) return 'scope must be an object';
  const odd = Object.keys(scope).find((name) => !NAME.test(name));
  if (odd !== undefined) return `"${odd}" cannot be a variable`;
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) return 'timeoutMs must be a number above 0';
  const pin = seed === null ? {} : { pin: { at: typeof now === 'number' ? now : 0, seed } };
  return { text: JSON.stringify({ source, scope, max: ANSWER_CHARS, ...pin }), timeoutMs: Math.min(timeoutMs, MAX_MS) };
}

function answerText(text: string): string {
  if (text.length > ANSWER_CHARS + ENVELOPE_CHARS) return refusal('INVALID', 'the answer is too large');
  const answer = parsed(text);
  if (typeof answer === 'object' && answer !== null) {
    if ('ok' in answer) return text;
    if ('err' in answer && typeof answer.err === 'string') return refusal('INVALID', answer.err.slice(0, 500));
  }
  return refusal('INVALID', 'the text broke its own answer');
}

function refusal(code: string, message: string): string {
  return JSON.stringify({ err: { code, message } });
}
