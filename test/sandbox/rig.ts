import { createHash } from 'node:crypto';
import {
  type BuildOutcome,
  type BuildRequest,
  type Bundle,
  createSandbox,
  DEFAULT_LIMITS,
  type Limits,
  type LogLine,
  type RunOutcome,
  type RunRequest,
  type Sandbox,
  type SandboxEvent,
  type SandboxOptions,
} from '../../sandbox/index.ts';

type Over = Partial<Omit<RunRequest, 'limits'>> & { readonly limits?: Partial<Limits> };

/** A real sandbox with short ways to run and build in it. */
export interface Rig {
  readonly sandbox: Sandbox;
  readonly lines: LogLine[];
  readonly events: SandboxEvent[];
  /** Calls the capabilities got. */
  readonly calls: { readonly method: string; readonly args: unknown }[];
  /** Runs plain JavaScript that defines `main`; `$cloister` is what the module `cloister` stands on. */
  run(source: string, over?: Over): Promise<RunOutcome>;
  runBundle(bundle: Bundle, over?: Over): Promise<RunOutcome>;
  build(files: Record<string, string>, over?: Partial<BuildRequest>): Promise<BuildOutcome>;
  /** Builds `activities/a.ts` and runs it. */
  runFiles(files: Record<string, string>, over?: Over): Promise<RunOutcome>;
}

/** Opens a rig; the caller closes its sandbox. By default every call is answered with its own method and arguments. */
export function openRig(options: SandboxOptions = {}): Rig {
  const lines: LogLine[] = [];
  const events: SandboxEvent[] = [];
  const calls: { method: string; args: unknown }[] = [];
  const sandbox = createSandbox({ spare: false, ...options, log: (event) => events.push(event) });
  const call: RunRequest['call'] = async (method, args) => {
    calls.push({ method, args });
    return { method, args };
  };
  const rig: Rig = {
    sandbox,
    lines,
    events,
    calls,
    run: (source, over) => rig.runBundle(bundleOf(source), over),
    runBundle: (bundle, over = {}) =>
      sandbox.run({
        cell: 'tenant-a',
        bundle,
        entry: 'main',
        params: '{}',
        run: { id: 'run-1', workflow: 'w', activity: 'a', attempt: 1, startedAt: START, deterministic: false },
        env: {},
        signal: new AbortController().signal,
        call,
        log: (line) => lines.push(line),
        ...over,
        limits: { ...DEFAULT_LIMITS, ...over.limits },
      }),
    build: (files, over = {}) =>
      sandbox.build({
        entry: 'activities/a.ts',
        files: new Map(Object.entries(files)),
        builtIns: new Map(),
        packages: new Set(),
        readPackage: async () => null,
        virtual: new Map(),
        ...over,
      }),
    async runFiles(files, over) {
      const built = await rig.build(files);
      if (!built.ok) throw new Error(JSON.stringify(built.problems));
      return rig.runBundle(built.bundle, over);
    },
  };
  return rig;
}

/** When every run of a rig says that it started. */
export const START = '2026-01-02T03:04:05.678Z';

/** Plain JavaScript as a bundle, without the build. */
export function bundleOf(source: string): Bundle {
  const code = `(function ($cloister) { "use strict"; ${source}\nreturn { main: typeof main === 'undefined' ? undefined : main }; })`;
  const digest = createHash('sha256').update(code).digest('hex');
  return { digest, code, map: '{"version":3,"sources":[],"names":[],"mappings":""}' };
}

/** The value a run returned; throws with the error when it ended otherwise. */
export function outputOf(outcome: RunOutcome): unknown {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return JSON.parse(outcome.output);
}

/** The code of the error a run ended with, or `ok`. */
export function codeOf(outcome: RunOutcome): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends the process of a cell as nobody in the sandbox would. */
export function killCell(rig: Rig, cell: string): void {
  const pid = rig.sandbox.stats().cells.find((other) => other.cell === cell)?.pid ?? 0;
  // 0 would be this process and all of its group.
  if (pid <= 0) throw new Error(`there is no cell of ${cell}`);
  process.kill(pid, 'SIGKILL');
}

/** Resolves when something has come about; a test's own time limit bounds it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
