/** What the sandbox promises its host. All JSON crosses as text; nothing of the guest's is ever dereferenced outside. */

/** Limits of one run of a script. Sizes in bytes unless the name says otherwise. */
export interface Limits {
  /** CPU time of the isolate, milliseconds; waits for the host do not count. */
  readonly cpuMs: number;
  /** Wall clock of the run, milliseconds. */
  readonly wallMs: number;
  /** V8 heap of the isolate, MiB. */
  readonly heapMb: number;
  /** Resident memory of the whole cell, MiB. */
  readonly rssMb: number;
  /** Capability calls of one run. */
  readonly calls: number;
  /** Capability calls of one run that may be open at once. */
  readonly inFlight: number;
  readonly argBytes: number;
  readonly resultBytes: number;
  readonly logLines: number;
  /** Runs of one tenant at once; further ones wait. */
  readonly concurrentRuns: number;
}

/** Identity of the run as the script sees it in `run` of the module `cloister`. */
export interface RunInfo {
  readonly id: string;
  readonly workflow: string;
  readonly activity: string;
  readonly attempt: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly deterministic: boolean;
}

/** A script ready to run: one self-contained bundle. */
export interface Bundle {
  /** sha256 (hex) of `code`; key of the code cache. */
  readonly digest: string;
  /** IIFE that leaves the module's exports where the cell expects them. */
  readonly code: string;
  /** Source map (JSON text) back to the project's own files. */
  readonly map: string;
}

/** Why an activity is cancelled, in Temporal's words. */
export interface Cancellation {
  /** E.g. `CANCELLED`, `TIMED_OUT`, `WORKER_SHUTDOWN`. */
  readonly reason: string;
  /** E.g. `cancelRequested`, `workerShutdown`. */
  readonly details: Readonly<Record<string, boolean>>;
}

/** What a script knows and tells as an activity of Temporal's, through the module `@temporalio/activity`. */
export interface ActivityRun {
  /** JSON text of what `activityInfo()` answers. */
  readonly info: string;
  /** Abort: the script is told that it is cancelled, and goes on; `signal` ends it. */
  readonly cancel: AbortSignal;
  /** Why; asked for when `cancel` has aborted. */
  readonly cancellation: () => Cancellation;
  /** Gets what the script said with a heartbeat: a JSON value, of at most `argBytes`, or undefined. The newest of each tenth of a second. */
  readonly heartbeat: (details: unknown) => void;
}

/** What an activity threw, field by field. Nothing of it is true just because it says so. */
export interface ThrownError {
  /** `name`, or the name of its class where it has none of its own; empty of what is no object. */
  readonly name: string;
  /** Without the name; at most 2 KB. */
  readonly message: string;
  /** As of an outcome. */
  readonly stack?: string;
  readonly nonRetryable: boolean;
  /** `type` of an `ApplicationFailure`; null where it has none. Absent of other errors. */
  readonly type?: string | null;
  /** JSON values; absent when there were none, or too many. */
  readonly details?: readonly unknown[];
  /** Milliseconds, above 0. */
  readonly nextRetryDelayMs?: number;
  readonly isBenign: boolean;
  readonly cause?: ThrownError;
}

/** One run of one script. */
export interface RunRequest {
  /** Cell key: no two keys ever share a process. Tenant id, or a fixed word for runs without tenant. */
  readonly cell: string;
  readonly bundle: Bundle;
  /** Exported function to call: `main`, or of an activity of a project the one that its name stands for. */
  readonly entry: string;
  /** JSON text of the single argument; with `activity`, of the list of arguments. */
  readonly params: string;
  /** What makes the script an activity of a project's. Absent: a script of a workflow in YAML. */
  readonly activity?: ActivityRun;
  readonly run: RunInfo;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: Limits;
  /** Abort: the run ends with `CANCELLED`. */
  readonly signal: AbortSignal;
  /**
   * Answers one capability call. `args` is the JSON value, already size-, depth- and key-checked. A rejection that carries
   * `code` and a safe `message` reaches the script as those two; any other rejection becomes `FAILED` without its text.
   */
  readonly call: (method: string, args: unknown, signal: AbortSignal) => Promise<unknown>;
  /**
   * Told of each call that was refused before `call`. `method` is a name of a method's form, whether or not there is one of that
   * name; `unknown` for any other text.
   */
  readonly onRefused?: (method: string, code: RefusedCall) => void;
  readonly log: (line: LogLine) => void;
  /** It has its place in the queue of its cell key: `SandboxFull` can no longer come. */
  readonly onQueued?: () => void;
  /**
   * The run begins anew because another run ended the cell under it: its calls are numbered from the start again, so that the
   * keys of its writes come out the same. It loses no attempt.
   */
  readonly onRestart?: () => void;
}

/**
 * Why a call was refused before any capability saw it. `BAD_ARGUMENT`: a key that reaches for a prototype, or text that is no
 * JSON, which the bridge inside a cell lets nobody send.
 */
export type RefusedCall = 'UNKNOWN_METHOD' | 'BAD_ARGUMENT' | 'TOO_LARGE' | 'TOO_DEEP';

/** One line a script logged: capped and with control characters escaped. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** JSON value, absent when none was given. */
  readonly data?: unknown;
  /** ISO 8601, host clock. */
  readonly time: string;
}

/** Codes with which a run ends other than well. */
export type RunErrorCode =
  | 'SCRIPT_ERROR'
  | 'SCRIPT_WALL'
  | 'SCRIPT_CPU'
  | 'SCRIPT_MEMORY'
  | 'SCRIPT_KILLED'
  | 'MAIN_MISSING'
  | 'RESULT_NOT_JSON'
  | 'RESULT_TOO_LARGE'
  | 'PARAMS_TOO_LARGE'
  | 'TOO_DEEP'
  | 'CANCELLED';

/** Measured use of one run. */
export interface Usage {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly calls: number;
}

/** How a run ended. Never rejects for anything a script can do. */
export type RunOutcome =
  | { readonly ok: true /** JSON text */; readonly output: string; readonly usage: Usage }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: RunErrorCode;
        /** Safe, at most 2 KB. */
        readonly message: string;
        /** Lines `at main (activities/x.ts:3:9)`, mapped to the project's own files; guest frames only. */
        readonly stack?: string;
        /** `code` own property of the error the script threw, if it was a string (e.g. of an uncaught capability call). */
        readonly thrownCode?: string;
        /** What was thrown; only of an activity of a project. */
        readonly thrown?: ThrownError;
      };
      readonly usage: Usage;
    };

/** One bundle to make. */
export interface BuildRequest {
  /** Path of the entry in the file map, e.g. `activities/prebill/save.ts`. */
  readonly entry: string;
  /**
   * Project-relative POSIX path → text: the project's own files that may be imported. Builds in a row that pass the same
   * map object share a warm build process; another object gets a fresh one.
   */
  readonly files: ReadonlyMap<string, string>;
  /** `fhir/search` → text: built-in scripts, importable as `@aidbox-billing/built-in-activities/<name>`. */
  readonly builtIns: ReadonlyMap<string, string>;
  /** Names of the packages that package.json lists as dependencies. */
  readonly packages: ReadonlySet<string>;
  /**
   * Files of one installed package, path inside the package → text; null when it is not installed. `from` is the package
   * that asks, null for the project itself (so nested node_modules can be answered).
   */
  readonly readPackage: (name: string, from: string | null) => Promise<PackageFiles | null>;
  /**
   * Further virtual modules: specifier → source text (e.g. the validation rules of a manifest). Relative imports in them
   * start at the root of the file map.
   */
  readonly virtual: ReadonlyMap<string, string>;
  /**
   * What the bundle is for; absent: a cell. `guest` is code of a workflow: a function of `$temporal`, whose async functions are
   * lowered to generators; of modules it has files of the map, virtual ones and packages, and neither `cloister` nor built-ins.
   */
  readonly target?: BuildTarget;
  /** Builds in a row that pass the same object share a warm process, whatever their file maps: sources of one owner. Absent: `files`. */
  readonly owner?: object;
}

/** What a bundle is for. */
export type BuildTarget = 'cell' | 'guest';

/** Text files of one npm package, with an opaque key that identifies this copy of it. */
export interface PackageFiles {
  readonly key: string;
  readonly files: ReadonlyMap<string, string>;
}

/** One thing wrong with a script, in the words of the config project's table of problems. */
export interface BuildProblem {
  readonly code: 'IMPORT_UNKNOWN' | 'BUILD_FAILED' | 'SCRIPT_MISSING';
  /** Path in the file map. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** E.g. `import "node:fs"`. */
  readonly found: string;
  readonly expected: string;
}

/** How a build ended. */
export type BuildOutcome =
  | {
      readonly ok: true;
      readonly bundle: Bundle;
      /** Names the entry exports: `main`, `description`. */
      readonly exports: readonly string[];
      /** Those of them that are functions, as far as the text says it. */
      readonly functions: readonly string[];
      /** Those that only running the code would tell: results of calls. */
      readonly unclear: readonly string[];
      /** Paths of the project's own files that went into the bundle. */
      readonly inputs: readonly string[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly BuildProblem[];
      /** A limit ended it: another try would take as long. */
      readonly wasEnded?: boolean;
    };

/** How often each ring has ended something: runs within their cell, or cells with all that ran in them. */
export interface Ends {
  /** Ring one: the time limit of one entry. */
  readonly timeout: number;
  /** Ring one: V8's heap limit. */
  readonly heap: number;
  /** Ring two: the watch over CPU time and wall clock. */
  readonly watch: number;
  /** Cells. */
  readonly killed: {
    /** Ring three: a run that did not end, or did not leave its cell. */
    readonly stuck: number;
    /** Ring three: resident memory over the line. */
    readonly memory: number;
    /** Ring three: no sign of life, or never ready. */
    readonly silent: number;
    /** Ring three: a frame that no cell of ours sends. */
    readonly protocol: number;
    /** Ring four: the kernel, for memory. */
    readonly kernel: number;
    /** V8 gave up. */
    readonly catastrophe: number;
    /** It ended by itself, or somebody else ended it. */
    readonly crash: number;
  };
}

/** Figures of the sandbox for health, tests and benchmarks. */
export interface SandboxStats {
  readonly cells: readonly {
    readonly cell: string;
    readonly pid: number;
    readonly running: number;
    readonly rssMb: number;
    /** It has burnt more CPU time than its share and runs at a low priority. */
    readonly isLow: boolean;
  }[];
  /** Runs that wait for a place. */
  readonly queued: number;
  /** Cells that were ended, or ended by themselves; the sum of `ends.killed`. */
  readonly kills: number;
  /** What the rings have ended since the start. */
  readonly ends: Ends;
  /** Scripts whose bundle their cell had compiled before, and those that were the first of it there. */
  readonly codes: { readonly hits: number; readonly misses: number };
  /** Memory for cells, MiB: what there is, and what the present ones may take. */
  readonly memoryMb: { readonly limit: number; readonly reserved: number };
  /** Version of the cgroups that bound the memory of cells; null where there are none, or nothing has run yet. */
  readonly memoryGroups: 1 | 2 | null;
}

/** Runs scripts in cells and builds bundles in throwaway processes. `close` ends every child process. */
export interface Sandbox {
  /**
   * Runs one script; waits where a limit says so. The run's log tells each wait of more than 100 ms with the limit that held it.
   * Rejects only for the host's own trouble; with `SandboxFull` when too many runs of that cell key wait already.
   */
  run(request: RunRequest): Promise<RunOutcome>;
  build(request: BuildRequest): Promise<BuildOutcome>;
  /** Makes a build process ready, and keeps one so for this long; without it they are there for a minute after a build. */
  prepareBuilds(forMs: number): Promise<void>;
  /** Starts the cell before it is needed. */
  warm(cell: string): Promise<void>;
  stats(): SandboxStats;
  close(): Promise<void>;
}
