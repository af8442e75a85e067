/** What the sandbox tells its host beside outcomes, for the host's own log. `error` and `stderr` are not for clients. */
export type SandboxEvent =
  | {
      readonly event: 'cell.killed';
      readonly cell: string;
      readonly pid: number;
      readonly reason: string;
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
