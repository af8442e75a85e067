/** Codes of a diagnosis that only runs can show; `diagnose-runs.test.ts` brings each about, `diagnose.test.ts` all others. */

import type { CheckedCode } from '../../host/projects/diagnose/complaints.ts';
import type { Diagnosis } from '../../host/projects/diagnose.ts';

/** See the file's first line. */
export const SHOWN_BY_RUNS: readonly CheckedCode[] = [
  'ACTIVITY_NOT_FOUND',
  'SCRIPT_MEMORY',
  'GUEST_MEMORY_EXCEEDED',
  'ACTIVITY_FAILING',
  'ACTIVITY_ERROR',
  'SCRIPT_WALL',
  'ACTIVITY_RETRIES_EXHAUSTED',
  'RUN_PINNED',
];

/** Codes that found something. */
export function complaintsOf({ checks }: Pick<Diagnosis, 'checks'>): string[] {
  return checks.filter(({ ok }) => !ok).map(({ code }) => code);
}

/** The finding under a code, in one line. */
export function told({ checks }: Pick<Diagnosis, 'checks'>, code: string): string {
  const { where = '', found = '', expected = '' } = checks.find((check) => check.code === code && !check.ok) ?? {};
  return `${where}: found ${found}, expected ${expected}`;
}
