/** One problem of a config project, as `cloister check --json` prints it. */
export interface Problem {
  /** Path relative to the project, POSIX separators. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  readonly severity: 'error' | 'warning';
  /** A code of the table in the specification, e.g. `CHILD_UNKNOWN`. */
  readonly code: string;
  /** E.g. `activity "save" children`. */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
}
