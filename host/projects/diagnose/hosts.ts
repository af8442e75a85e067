/** Checks of what several hosts have to agree on. */
import type { LeaseRow } from '../../../registry/index.ts';
import type { Find } from './checks.ts';

const MOST_SKEW_MS = 5_000;

function isLive({ holder, expiresAt }: LeaseRow, now: number): boolean {
  return holder !== null && expiresAt !== null && Date.parse(expiresAt) > now;
}

const held: Find = (evidence, isHosts) => {
  const [row] = evidence.workers;
  if (row === undefined || row.host === evidence.host || !['starting', 'stopping'].includes(row.status)) return null;
  const lease = evidence.leases.find((each) => isLive(each, evidence.now));
  if (lease === undefined) return null;
  const holder = isHosts ? `, held by ${lease.holder} until ${lease.expiresAt}` : '';
  return {
    where: `lease ${lease.resource}`,
    found: `${row.status} on another host${holder}`,
    expected: 'a worker that runs, or none',
  };
};

const lost: Find = (evidence) => {
  const [row] = evidence.workers;
  if (row?.status === 'failed' && row.metadata.code === 'LEASE_LOST')
    return {
      where: `worker ${row.workerId}`,
      found: `stopped at ${row.stoppedAt}, its lease was lost`,
      expected: 'a lease that is renewed',
    };
  const lease = evidence.leases.find(({ resource }) => row?.status === 'running' && resource.endsWith(`/${row.slot}`));
  if (lease === undefined || isLive(lease, evidence.now)) return null;
  return {
    where: `lease ${lease.resource}`,
    found: `ended at ${lease.expiresAt} under a worker that runs`,
    expected: 'a lease that is renewed',
  };
};

const skew: Find = ({ skewMs }) =>
  skewMs === null || Math.abs(skewMs) <= MOST_SKEW_MS
    ? null
    : {
        where: 'clock of this host',
        found: `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} the database`,
        expected: `at most ${MOST_SKEW_MS / 1000} s`,
      };

const full: Find = ({ figures, settings, project, workers }, isHosts) => {
  const isHere = figures.workers.some(({ projectId }) => projectId === project?.id);
  const runsElsewhere = workers.some(({ status }) => status === 'running');
  if (isHere || runsElsewhere || figures.workers.length < settings.maxProjects) return null;
  return {
    where: 'WORKER_MAX_PROJECTS',
    found: isHosts ? `${figures.workers.length} workers on this host` : 'no room on this host',
    expected: isHosts ? `fewer than ${settings.maxProjects}` : 'room for one more',
  };
};

const embedded: Find = ({ settings, members, host, now }) => {
  if (!settings.embedded) return null;
  const others = members.filter((each) => each.host !== host && isLive(each, now));
  if (others.length === 0) return null;
  return { where: 'embedded database', found: `${others.length + 1} hosts`, expected: 'one' };
};

/** By their codes. */
export const HOST_CHECKS = {
  LEASE_HELD: held,
  LEASE_LOST: lost,
  CLOCK_SKEW: skew,
  HOST_FULL: full,
  EMBEDDED_SINGLE_HOST: embedded,
} as const;
