/** One thing wrong with a project's code or settings: *where: found X, expected Y*, with a stable code. */
export interface ProjectProblem {
  readonly code: string;
  /** E.g. `email-processor workflow_code 12:7`. */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  readonly workflowId?: string;
  readonly componentId?: string;
}

/** The sentence of a problem. */
export function projectSentence({ where, found, expected }: ProjectProblem): string {
  return `${where}: found ${found}, expected ${expected}`;
}
