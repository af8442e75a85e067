/** What project workers are asked for and what they answer with. */
import type { ProjectProblem, ProjectRow, WorkerStatus } from '../../registry/index.ts';

/** A project's code as it is now, read and checked. */
export interface LoadedCode {
  readonly workflows: readonly {
    readonly id: string;
    readonly name: string;
    readonly types: readonly string[];
    readonly digest: string;
  }[];
  readonly activities: readonly {
    readonly name: string;
    readonly version: string | null;
    readonly digest: string | null;
  }[];
  readonly warnings: readonly ProjectProblem[];
  /** What is quarantined; a workflow's names its `workflowId`. */
  readonly errors: readonly ProjectProblem[];
  readonly loadMs: number;
}

/** Where project workers have code from. */
export interface LoadsCode {
  load(project: ProjectRow): Promise<LoadedCode>;
  /** Drops what is kept in memory of a project. */
  forget(projectId: string): void;
}

/** What a worker that runs says of itself; counters since it was launched. */
export type LaunchedStats = Readonly<Record<string, number>>;

/** A Temporal worker that polls. */
export interface Launched {
  /** Settles when it was stopped; rejects when it failed, or did not drain in time. */
  readonly ended: Promise<void>;
  /** Drains it; resolves when it has ended, however that was. */
  stop(): Promise<void>;
  stats(): LaunchedStats;
}

/** Makes the Temporal worker of a project; resolves when it polls. `project` gives the row as it is now. */
export type Launch = (project: () => ProjectRow) => Promise<Launched>;

/** Who asked for a start. */
export type StartedBy = 'api' | 'monitor';

/** Answer to a start. */
export interface StartedWorker {
  readonly projectId: string;
  readonly workerId: string;
  readonly taskQueue: string;
  readonly host: string;
  /** It ran before, here or there. */
  readonly alreadyRunning: boolean;
  /** How many workflows are loaded; null: another host has it. */
  readonly workflows: number | null;
  readonly warnings: readonly ProjectProblem[];
}

/** Answer to a stop or a restart. */
export interface ChangedWorker {
  readonly projectId: string;
  /** It is recorded, and the host that has the worker had not done it within 30 s. */
  readonly accepted: boolean;
  readonly workerId: string | null;
  readonly warnings: readonly ProjectProblem[];
}

/** Answer to a reload. */
export interface ReloadedProject {
  readonly projectId: string;
  readonly taskQueue: string;
  readonly workflows: LoadedCode['workflows'];
  readonly activities: LoadedCode['activities'];
  readonly warnings: readonly ProjectProblem[];
}

/** The worker of a project as the database shows it. */
export interface WorkerView {
  readonly projectId: string;
  readonly status: WorkerStatus;
  /** Healthy, and its host has the lease. */
  readonly isRunning: boolean;
  /** Status running, and its heartbeat is fresh. */
  readonly isHealthy: boolean;
  /** Its host holds the lease of its slot; of one that died it ends before the heartbeat counts as stale. */
  readonly hasLease: boolean;
  readonly workerId: string | null;
  readonly taskQueue: string;
  readonly host: string | null;
  readonly startedAt: string | null;
  readonly lastHeartbeat: string | null;
  readonly workflows: number | null;
  /** Safe to show. */
  readonly lastError: { readonly code: string; readonly message: string; readonly occurredAt: string | null } | null;
}

/** Workers of all hosts that have not ended. */
export interface WorkerDetail {
  readonly projectId: string;
  readonly workerId: string;
  readonly host: string | null;
  readonly status: WorkerStatus;
  readonly startedAt: string;
  readonly lastHeartbeat: string | null;
  readonly secondsSinceHeartbeat: number | null;
}

/** What a worker's row has in `metadata.stats`. */
export type WorkerStats = Readonly<Record<string, number>>;

/** Figures of this host's workers, for metrics. */
export interface WorkerFigures {
  readonly workers: readonly {
    readonly projectId: string;
    readonly workerId: string;
    readonly taskQueue: string;
    readonly uptimeMs: number;
    readonly workflows: number;
    readonly codeLoadMs: number;
    /** Null: no beat yet. */
    readonly heartbeatLatencyMs: number | null;
    readonly heartbeatAgeMs: number | null;
    readonly stats: LaunchedStats;
  }[];
  /** Since the host's start. */
  readonly starts: { readonly ok: number; readonly failed: number };
  readonly crashes: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly leasesHeld: number;
  readonly leasesLost: number;
}
