import { isRed, type Outcome } from './outcome.ts';

/** Prints a line for one outcome, and all that it said when it is red. */
export function reportOne(outcome: Outcome): void {
  const { name, passed, failed, skipped, why, output, ms } = outcome;
  const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
  const details = [counts.filter(Boolean).join(', '), why].filter((part) => part !== null).join('; ');
  console.log(`${isRed(outcome) ? 'FAIL' : 'ok  '}  ${name}  ${details}  ${(ms / 1000).toFixed(1)} s`);
  if (isRed(outcome)) console.log(output.trim().replace(/^/gm, '      '));
}

/** Prints the closing line, `N passed, N failed`, and returns the exit code. */
export function reportAll(outcomes: readonly Outcome[]): number {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const skipped = sum((outcome) => outcome.skipped);
  const red = outcomes.filter(isRed);
  if (red.length > 0) console.log(`\nred: ${red.map(({ name }) => name).join(', ')}`);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum((outcome) => outcome.failed);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 || passed === 0 ? 1 : 0;
}
