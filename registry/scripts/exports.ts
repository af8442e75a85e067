import type { Problem } from '../problem.ts';
import type { Built } from './builder.ts';

/** What is wrong with a built script: its build problems, or a missing `main`; a missing `description` is a warning. */
export function scriptProblems(file: string, built: Built): readonly Problem[] {
  if (!built.ok) return built.problems;
  const at = { file, line: 1, column: 1, where: file } as const;
  const problems: Problem[] = [];
  if (!built.exports.includes('main')) {
    const expected = '"export async function main(input)"';
    problems.push({ ...at, severity: 'error', code: 'MAIN_MISSING', found: 'no export "main"', expected });
  }
  if (!built.exports.includes('description')) {
    const expected = 'a markdown string for display';
    problems.push({
      ...at,
      severity: 'warning',
      code: 'DESCRIPTION_MISSING',
      found: 'no export "description"',
      expected,
    });
  }
  return problems;
}
