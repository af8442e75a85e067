/** What the API says and takes of project workers, as schemas. */
import { z } from 'zod';
import { PROJECT_PROBLEM } from '../projects/schemas.ts';

const UUID = z.guid('expected a UUID').meta({ examples: ['6f1b2c3d-0000-4000-8000-000000000000'] });
/** Names a project. */
export const PROJECT = z.strictObject({ projectId: UUID });
/** Names a project, or one of its workflows. */
export const OF = z
  .strictObject({ projectId: UUID.optional(), workflowId: UUID.optional() })
  .refine(({ projectId, workflowId }) => (projectId === undefined) !== (workflowId === undefined), {
    error: 'expected either projectId or workflowId',
  });

const DONE = {
  success: z.literal(true),
  message: z.string().meta({ examples: ['Worker started for project 6f1b2c3d-0000-4000-8000-000000000000'] }),
};
const WARNINGS = z
  .array(PROJECT_PROBLEM)
  .meta({ description: 'What of the project’s code cannot be used, or should be seen to.' });
const NULLABLE = z.string().nullable();
const STATUS = z.enum(['starting', 'running', 'stopping', 'stopped', 'failed']);

/** Answer to a start. */
export const STARTED = z
  .object({
    ...DONE,
    alreadyRunning: z.boolean(),
    workerId: NULLABLE,
    taskQueue: z.string(),
    host: NULLABLE,
    workflows: z.int().nullable(),
    warnings: WARNINGS,
  })
  .meta({ id: 'StartedWorker' });

/** Answer to a stop and to a restart. */
export const CHANGED = z.object({ ...DONE, workerId: NULLABLE, warnings: WARNINGS }).meta({ id: 'ChangedWorker' });

/** Answer to a reload. */
export const RELOADED = z
  .object({
    ...DONE,
    taskQueue: z.string(),
    workflows: z.array(z.object({ id: z.string(), name: z.string(), types: z.array(z.string()), digest: z.string() })),
    activities: z.array(z.object({ name: z.string(), version: NULLABLE, digest: NULLABLE })),
    warnings: WARNINGS,
  })
  .meta({ id: 'ReloadedProject' });

/** Status of a worker. */
export const VIEW = z
  .object({
    projectId: z.string(),
    status: STATUS,
    isRunning: z.boolean().meta({ description: 'True only for a healthy `running` whose host has the lease.' }),
    isHealthy: z.boolean().meta({ description: 'Status `running`, and a heartbeat within `WORKER_STALE_MS`.' }),
    hasLease: z.boolean().meta({ description: 'Of a host that died it ends within `WORKER_LEASE_TTL_MS`.' }),
    workerId: NULLABLE,
    taskQueue: z.string(),
    host: NULLABLE,
    startedAt: NULLABLE,
    lastHeartbeat: NULLABLE,
    workflows: z.int().nullable(),
    lastError: z.object({ code: z.string(), message: z.string(), occurredAt: NULLABLE }).nullable(),
  })
  .meta({ id: 'WorkerStatus' });

/** An open worker of any host. */
export const DETAIL = z
  .object({
    projectId: z.string(),
    workerId: z.string(),
    host: NULLABLE,
    status: STATUS,
    startedAt: z.string(),
    lastHeartbeat: NULLABLE,
    secondsSinceHeartbeat: z.number().nullable(),
  })
  .meta({ id: 'WorkerDetail' });

/** Figures of a worker. */
export const STATISTICS = z.record(z.string(), z.number()).meta({
  description:
    '`uptimeSec`, `workflows`, `codeLoadMs`, `heartbeatLatencyMs`, `memoryMb`, `cpuPercent`, `backlog`, `pollers` and others.',
});

/** All checks of a project. */
export const DIAGNOSIS = z
  .object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        code: z.string(),
        ok: z.boolean(),
        where: z.string(),
        found: z.string(),
        expected: z.string(),
        hint: z.string().meta({ description: 'What to do.' }),
      }),
    ),
  })
  .meta({ id: 'Diagnosis' });
