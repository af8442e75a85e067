import type { Problem } from '../problem.ts';
import type { Position } from '../yaml/node.ts';
import { Budget } from './budget.ts';
import { nearest } from './near.ts';

/** Codes that never stop a run. `TRIGGER_MAPPING` is a warning in one of its two cases. */
const WARNINGS = new Set([
  'FIELD_UNKNOWN',
  'DESCRIPTION_MISSING',
  'INPUT_UNDECLARED',
  'RETRIES_UNREACHABLE',
  'FILE_IGNORED',
]);

/** Problems kept of one file, errors and warnings each; a file with more is hopeless, and each costs the reader time. */
const MOST_OF_FILE = 1_000;
/** What goes into one problem, file aside. */
export interface Finding {
  readonly code: string;
  readonly at: Position;
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  /** Only where it differs from the code's own. */
  readonly severity?: Problem['severity'];
}

/** Collects the problems of one file. The first error is always kept: without one the file would count as right. */
export class Report {
  readonly file: string;
  readonly problems: Problem[] = [];
  readonly budget: Budget;
  readonly #counts = { error: 0, warning: 0 };

  constructor(file: string, budget = new Budget()) {
    this.file = file;
    this.budget = budget;
  }

  /** Adds a problem; severity follows from the code. */
  add({ code, at, where, found, expected, severity = WARNINGS.has(code) ? 'warning' : 'error' }: Finding): void {
    const isFirstError = severity === 'error' && this.#counts.error === 0;
    if (!isFirstError && (this.#counts[severity] >= MOST_OF_FILE || this.budget.problems <= 0)) return;
    this.#counts[severity] += 1;
    this.budget.problems -= 1;
    this.problems.push({ file: this.file, line: at.line, column: at.column, severity, code, where, found, expected });
  }

  /** `; did you mean "x"?`, or nothing. Goes behind what was expected. */
  didYouMean(word: string, candidates: readonly string[]): string {
    if (candidates.length > this.budget.comparisons) return '';
    this.budget.comparisons -= candidates.length;
    const best = nearest(word, candidates);
    return best === undefined ? '' : `; did you mean "${best}"?`;
  }
}
