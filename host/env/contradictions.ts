/** What of the environment is wrong only beside something else of it. */
import type { Environment } from '../env.ts';

/** How long before the end of a lease its holder has given it up, milliseconds (`projects/settings.ts`). */
const LEASE_MARGIN_MS = 5_000;

/** A sentence each. A value that could not be read is none that anything contradicts. */
export function contradictions(environment: Environment): string[] {
  const { workerHeartbeatMs, workerStaleMs, shutdownGraceMs, shutdownForceMs, leaseTtlMs, leaseRenewMs } = environment;
  return [
    ...least('WORKER_STALE_MS', workerStaleMs, 2 * workerHeartbeatMs, 'twice WORKER_HEARTBEAT_MS'),
    ...least('WORKER_SHUTDOWN_FORCE_MS', shutdownForceMs, shutdownGraceMs, 'WORKER_SHUTDOWN_GRACE_MS'),
    ...least('WORKER_LEASE_TTL_MS', leaseTtlMs, leaseRenewMs + LEASE_MARGIN_MS, 'WORKER_LEASE_RENEW_MS and 5 s'),
  ];
}

function least(name: string, value: number, bound: number, words: string): string[] {
  return value < bound ? [`${name} is "${value}"; expected at least ${bound}, which is ${words}`] : [];
}
