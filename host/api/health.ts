/**
 * `GET /health`: whether the process lives, and which of its parts answer. Open to everyone; tells no addresses. Who may call
 * the API sees the figures of the sandbox too: counts and sizes, no tenant.
 */
import { z } from 'zod';
import type { SandboxStats } from '../../sandbox/index.ts';
import { endpoint } from './endpoint.ts';
import { probe } from './probe.ts';

/** How much the host has to do. */
export interface Load {
  readonly sandbox: SandboxStats;
  /** Runs that wait until the queue of their tenant in the sandbox has a place. */
  readonly waiting: number;
}

const COUNT = z.int().nonnegative();

/** Counts and sizes of the sandbox, memory in MiB. */
const FIGURES = z.strictObject({
  cells: COUNT,
  low: COUNT.meta({ description: 'Cells that have burnt more than their share and run at a low priority.' }),
  running: COUNT,
  queued: COUNT,
  waiting: COUNT.meta({ description: 'Runs without even a place to wait in the sandbox.' }),
  rssMb: COUNT,
  kills: COUNT,
  ends: z.record(z.string(), z.unknown()).meta({ description: 'What each of the four rings has ended.' }),
  memoryMb: z.strictObject({ limit: z.number(), reserved: z.number() }),
  memoryGroups: z.literal([1, 2]).nullable().meta({ description: 'Version of the cgroups that bound cells.' }),
});

const HEALTH = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  service: z.literal('temporal-worker-service'),
  workers: COUNT.meta({ description: 'Project workers that run on this host.' }),
  uptime: z.number().nonnegative().meta({ description: 'Seconds since the process began.' }),
  checks: z.record(z.string(), z.enum(['up', 'down'])),
  sandbox: FIGURES.optional().meta({ description: 'To callers of the host’s own only.' }),
});

/** The health endpoint: 200 always; `degraded` when a part is down. */
export const healthEndpoints = [
  endpoint({
    method: 'GET',
    path: '/health',
    operation: 'get-health',
    tag: 'operations',
    summary: 'Whether the process lives, and which of its parts answer.',
    access: 'open',
    answers: { 200: { description: '`degraded` when a part is down.', schema: HEALTH } },
    handler: async ({ caller }, { checks, load, projects }) => {
      const states = [...(await probe(checks))].map(([name, { status }]) => [name, status] as const);
      const down = states.some(([, word]) => word === 'down');
      // Figures are the host's own: a caller of a tenant does not learn how busy the others are.
      const sandbox = caller !== null && caller.tenant === null && load ? { sandbox: figures(load()) } : {};
      const workers = projects?.running().length ?? 0;
      const about = { service: 'temporal-worker-service', workers, uptime: process.uptime() } as const;
      return { status: down ? 'degraded' : 'ok', ...about, checks: Object.fromEntries(states), ...sandbox };
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
