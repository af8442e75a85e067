import type { Problem } from '../problem.ts';
import type { Position } from '../yaml/node.ts';

/** Codes that never stop a run. `TRIGGER_MAPPING` is a warning in one of its two cases. */
const WARNINGS = new Set([
  'FIELD_UNKNOWN',
  'DESCRIPTION_MISSING',
  'INPUT_UNDECLARED',
  'RETRIES_UNREACHABLE',
  'FILE_IGNORED',
]);

/** Problems kept of one file; a file with more is hopeless, and each costs the reader time. */
const MOST_PROBLEMS = 1_000;

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

/** Collects the problems of one file. */
export class Report {
  readonly file: string;
  readonly problems: Problem[] = [];

  constructor(file: string) {
    this.file = file;
  }

  /** Adds a problem; severity follows from the code. */
  add({ code, at, where, found, expected, severity }: Finding): void {
    if (this.problems.length >= MOST_PROBLEMS) return;
    this.problems.push({
      file: this.file,
      line: at.line,
      column: at.column,
      severity: severity ?? (WARNINGS.has(code) ? 'warning' : 'error'),
      code,
      where,
      found,
      expected,
    });
  }
}
