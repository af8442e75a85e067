/**
 * `GET /health`: whether the process lives, and which of its parts answer. Open to everyone; tells no addresses. Who may call
 * the API sees the figures of the sandbox too: counts and sizes, no tenant.
 */
import type { SandboxStats } from '../../sandbox/index.ts';
import { endpoint } from './endpoint.ts';
import { probe } from './probe.ts';

/** How much the host has to do. */
export interface Load {
  readonly sandbox: SandboxStats;
  /** Runs that wait until the queue of their tenant in the sandbox has a place. */
  readonly waiting: number;
}

/** The health endpoint: 200 always; `degraded` when a part is down. */
export const healthEndpoints = [
  endpoint({
    method: 'GET',
    path: '/health',
    operation: 'get-health',
    tag: 'operations',
    summary: 'Whether the process lives, and which of its parts answer.',
    access: 'open',
    answers: { 200: { description: '`degraded` when a part is down.' } },
    handler: async ({ caller }, { checks, load }) => {
      const states = [...(await probe(checks))].map(([name, { status }]) => [name, status] as const);
      const down = states.some(([, word]) => word === 'down');
      // Figures are the host's own: a caller of a tenant does not learn how busy the others are.
      const sandbox = caller !== null && caller.tenant === null && load ? { sandbox: figures(load()) } : {};
      return { status: down ? 'degraded' : 'ok', checks: Object.fromEntries(states), ...sandbox };
    },
  }),
];

/** Cells have the names of their tenants: they are counted. */
function figures({ sandbox: { cells, ...rest }, waiting }: Load) {
  const sum = (of: (cell: SandboxStats['cells'][number]) => number): number =>
    cells.reduce((total, cell) => total + of(cell), 0);
  const { queued, kills, ends, memoryMb, memoryGroups } = rest;
  return {
    cells: cells.length,
    low: sum(({ isLow }) => Number(isLow)),
    running: sum(({ running }) => running),
    queued,
    waiting,
    rssMb: Math.round(sum(({ rssMb }) => rssMb)),
    kills,
    ends,
    memoryMb,
    memoryGroups,
  };
}
