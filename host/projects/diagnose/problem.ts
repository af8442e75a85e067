/** What is wrong with a project's code, as a check tells it. */
import type { ProjectProblem } from '../../../registry/index.ts';
import type { Find, Finding } from './checks.ts';

/** A check that finds problems of these codes. */
export function problemOf(...codes: readonly string[]): Find {
  return ({ loaded }) => first((loaded?.problems ?? []).filter(({ code }) => codes.includes(code)));
}

/** The first problem, and how many more there are. */
export function first([problem, ...more]: readonly ProjectProblem[]): Finding | null {
  if (problem === undefined) return null;
  const { where, found, expected } = problem;
  return { where, found: more.length === 0 ? found : `${found} (and ${more.length} more)`, expected };
}
