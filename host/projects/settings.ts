/** Settings of project workers. Times in milliseconds. */
import type { Environment } from '../env.ts';

/** How often a worker that crashed is started again by itself. */
export interface RestartRule {
  readonly firstMs: number;
  readonly mostMs: number;
  /** Part by which a delay is longer or shorter, by chance. */
  readonly jitter: number;
  readonly limit: number;
  /** Within which `limit` counts. */
  readonly windowMs: number;
  /** A worker that ran so long has its crashes forgotten. */
  readonly healthyMs: number;
}

/** What project workers are run by. */
export interface ProjectSettings {
  readonly heartbeatMs: number;
  /** Age of a heartbeat from which on a worker is not healthy. */
  readonly staleMs: number;
  /** What running work gets when a worker is told to stop. */
  readonly graceMs: number;
  /** After which a worker is given up. */
  readonly forceMs: number;
  readonly autoRestart: boolean;
  readonly restart: RestartRule;
  readonly leaseTtlMs: number;
  readonly leaseRenewMs: number;
  /** How long before its end a lease that was not renewed counts as lost: what clocks may differ by. */
  readonly leaseMarginMs: number;
  readonly monitorMs: number;
  /** Project workers of this host. */
  readonly maxProjects: number;
  /** Between the stop and the start of a restart. */
  readonly restartPauseMs: number;
  /** How long a call waits for another host to do what it is about. */
  readonly answerMs: number;
  readonly maxActivities: number;
  readonly maxWorkflowTasks: number;
  /** Temporal's own debug mode. */
  readonly debug: boolean;
  /** This host runs the database itself, for itself alone. */
  readonly embedded: boolean;
}

/** What the code of projects may be and use. */
export interface GuestSettings {
  readonly steps: number;
  readonly memoryMb: number;
  readonly codeMaxBytes: number;
  readonly activityHeapMb: number;
  /** npm packages that it may import. */
  readonly packages: readonly string[];
  /** Folder whose `node_modules` has them. */
  readonly packagesDir: string;
}

/** What the specification has where nobody says anything (project workers 6, 7, 8, 12, 13). */
export const DEFAULTS = {
  heartbeatMs: 30_000,
  staleMs: 60_000,
  graceMs: 30_000,
  // Of the 45 s that the whole process has, the last are for rows, leases and the rest of the host.
  forceMs: 40_000,
  autoRestart: true,
  restart: {
    firstMs: 1_000,
    mostMs: 60_000,
    jitter: 0.2,
    limit: 5,
    windowMs: 10 * 60_000,
    healthyMs: 5 * 60_000,
  },
  leaseTtlMs: 30_000,
  leaseRenewMs: 10_000,
  leaseMarginMs: 5_000,
  monitorMs: 10_000,
  maxProjects: 200,
  restartPauseMs: 1_000,
  answerMs: 30_000,
  maxActivities: 10,
  maxWorkflowTasks: 10,
  debug: false,
  embedded: false,
} as const satisfies ProjectSettings;

/** What a host says of itself. */
export interface ProjectHost {
  readonly embedded: boolean;
  readonly graceMs: number;
  readonly forceMs: number;
}

/** The settings out of the environment. */
export function projectSettings(environment: Environment, host: ProjectHost): ProjectSettings {
  return {
    ...DEFAULTS,
    ...host,
    heartbeatMs: environment.workerHeartbeatMs,
    staleMs: environment.workerStaleMs,
    autoRestart: environment.workerAutoRestart,
    leaseTtlMs: environment.leaseTtlMs,
    leaseRenewMs: environment.leaseRenewMs,
    // A host that is to be quick about the leases of the dead looks at them as often.
    monitorMs: Math.min(DEFAULTS.monitorMs, environment.leaseRenewMs),
    maxProjects: environment.workerMaxProjects,
    maxActivities: environment.maxActivities,
    maxWorkflowTasks: environment.maxWorkflowTasks,
    debug: environment.workerDebug,
  };
}

/** The settings of projects' code. `packagesDir`: where the environment names no other. */
export function guestSettings(environment: Environment, packagesDir: string): GuestSettings {
  return {
    steps: environment.guestSteps,
    memoryMb: environment.guestMemoryMb,
    codeMaxBytes: environment.workflowCodeMaxBytes,
    activityHeapMb: environment.activityHeapMb,
    packages: environment.guestPackages,
    packagesDir: environment.guestPackagesDir ?? packagesDir,
  };
}
