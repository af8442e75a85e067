/** What the sandbox tells its host beside outcomes, for the host's own log. `error` and `stderr` are not for clients. */
export type SandboxEvent =
  | {
      readonly event: 'cell.killed';
      readonly cell: string;
      readonly pid: number;
      /** A word of `Ends.killed`. */
      readonly reason: string;
      /** The run that is to blame; null where that is not known, or where it is nobody's fault. */
      readonly run: string | null;
      /** Which of that run's activities; null with it. */
      readonly activity: string | null;
      /** Runs that begin anew because they were in the same cell. */
      readonly again: number;
      readonly stderr: string;
    }
  | {
      readonly event: 'call.failed';
      readonly cell: string;
      readonly run: string;
      readonly method: string;
      readonly error: unknown;
    }
  | { readonly event: 'build.killed'; readonly pid: number; readonly reason: string; readonly stderr: string };
