import { stripVTControlCharacters } from 'node:util';

/** What came of one check or test file. `why` says what is wrong beyond failed tests; null when nothing is. */
export interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly why: string | null;
  readonly output: string;
  readonly ms: number;
}

/** How a test process ended, as far as a judgement needs it. */
export interface Run {
  readonly output: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly leftOver: readonly string[];
  readonly ms: number;
}

/** Whether something went wrong. */
export function isRed({ failed }: Outcome): boolean {
  return failed > 0;
}

/**
 * Judges a run by uvu's own summary: red when there is none, when no test ran, when one did not pass, when the process
 * did not exit with 0, or left a process behind.
 */
export function judge(name: string, run: Run, limitMs: number): Outcome {
  const { total, passed, skipped } = summaryOf(run.output);
  const why = faultOf(run, limitMs, total, skipped);
  const failed = total - passed;
  const atLeast = why === null ? 0 : 1;
  return { name, passed, skipped, failed: Math.max(failed, atLeast), why, output: run.output, ms: run.ms };
}

/** A file that must fail: red becomes one passed test, green one failed. */
export function inverted(outcome: Outcome): Outcome {
  if (isRed(outcome)) return { ...outcome, passed: 1, failed: 0, skipped: 0, why: null };
  return { ...outcome, passed: 0, failed: 1, skipped: 0, why: 'ended green, and must end red' };
}

function faultOf(run: Run, limitMs: number, total: number, skipped: number): string | null {
  if (run.timedOut) return `not done within ${limitMs / 1000} s`;
  if (run.signal !== null) return `ended by ${run.signal}`;
  if (run.code !== 0) return `exit code ${run.code}`;
  if (total + skipped === 0) return 'no test ran';
  return run.leftOver.length > 0 ? `left behind: ${run.leftOver.join(' · ')}` : null;
}

function summaryOf(output: string): { total: number; passed: number; skipped: number } {
  const pattern = /\n {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n/g;
  const [, total, passed, skipped] = [...stripVTControlCharacters(output).matchAll(pattern)].at(-1) ?? [];
  return { total: Number(total ?? 0), passed: Number(passed ?? 0), skipped: Number(skipped ?? 0) };
}
