/** Settings of project workers. Times in milliseconds. */

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
