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

/** The one-line form: `file:line:column severity code where: found …, expected …`. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, severity, code, where, found, expected } = problem;
  return printable(`${file}:${line}:${column} ${severity} ${code} ${where}: found ${found}, expected ${expected}`);
}

/** True when one of them is an error. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/** The problems by file and position, each once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compare(a.code, b.code) ||
      compare(a.where, b.where),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

// Controls, line separators and the characters that change the direction of text: none may forge a line of output. Nor may half a
// character, which a cut can leave, get into the failure of a run: Temporal's client would break on it.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function printable(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
