/** Project workers as a part of a host: their code, the Temporal workers, and who looks after them. */
import { hostname } from 'node:os';
import { packageReader } from '../../registry/index.ts';
import { readSamples } from '../builtins.ts';
import type { Running } from '../control.ts';
import type { HostOptions } from '../options.ts';
import { guestBundle } from '../temporal/guest/bundle.ts';
import { startProjectWorker } from '../temporal/project/worker.ts';
import type { WorkerWatch } from '../temporal/worker.ts';
import { ProjectCode } from './code.ts';
import { SharedConnection } from './connection.ts';
import { Doctor } from './diagnose.ts';
import { ProjectWorkers } from './index.ts';
import { labelOf } from './lines.ts';
import { TaskQueues } from './queues.ts';
import { ProjectRuns } from './runs.ts';
import { tellFailures } from './told.ts';
import type { Launch } from './types.ts';
import { timedBuild, timedLoads, watchProjects } from './watch.ts';

/** Project workers that are looked after. `close` drains them. */
export interface Projects {
  readonly workers: ProjectWorkers;
  readonly code: ProjectCode;
  readonly runs: ProjectRuns;
  readonly queues: TaskQueues;
  readonly doctor: Doctor;
  close(): Promise<void>;
}

/** How long after a look at code its next change is compiled without waiting for a process. */
const READY_MS = 10 * 60_000;

/** Open runs that one project worker keeps in memory between their steps: each has an engine of its own. */
export const CACHED_RUNS = 50;

/** Parts of the host that run before. */
type Beside = Omit<Running, 'projects'>;

/** Starts what looks after project workers; null where the host has no part in them. Rejects as `ProjectWorkers.open`. */
export async function startProjects(options: HostOptions, running: Beside): Promise<Projects | null> {
  const { projects, rows, log, temporal } = options;
  if (projects === null || rows === null) return null;
  const { guest, workers: settings } = projects;
  const { sandbox } = running.scripts;
  const { client } = running.work;
  const { meter } = running.operations;
  const samples = await readSamples();
  const code = new ProjectCode({
    store: rows,
    build: timedBuild(meter.projects, sandbox.build.bind(sandbox)),
    prepareBuilds: () => void sandbox.prepareBuilds(READY_MS).catch(() => undefined),
    sampleActivities: samples,
    limits: guest,
    packages: { names: new Set(guest.packages), read: packageReader(guest.packagesDir, new Map()) },
    log,
  });
  const connection = new SharedConnection(temporal.address);
  const watch = watchProjects(meter.projects, running.operations.worker, new Set(samples.keys()));
  const launch = launcher(options, running, { code, connection, watch });
  // Making it keeps the process busy for seconds, in which a host among others must not have leases to renew.
  if (!settings.embedded) await guestBundle(options.cacheDir);
  const timed = timedLoads(meter.projects, code);
  const workers = await ProjectWorkers.open({ store: rows, code: timed, launch, settings, log });
  workers.startMonitoring();
  const queues = new TaskQueues(client);
  const { host } = workers;
  const figures = () => workers.figures();
  meter.projects.show({ figures, details: () => workers.details(), host, queues });
  const temporalAddress = temporal.address;
  const doctor = new Doctor({ client, temporalAddress, store: rows, queues, code, host, figures, settings });
  return {
    workers,
    code,
    runs: new ProjectRuns(client, running.work.runs.logs),
    queues,
    doctor,
    close: async () => {
      await workers.close();
      await connection.close();
    },
  };
}

interface LaunchParts {
  readonly code: ProjectCode;
  readonly connection: SharedConnection;
  readonly watch: WorkerWatch;
}

/** Makes Temporal workers over one connection and one bundle. */
function launcher(options: HostOptions, { scripts, work }: Beside, { code, connection, watch }: LaunchParts): Launch {
  const { projects, temporal, tenants, payloadMaxBytes, cacheDir, log } = options;
  if (projects === null) throw new Error('a host without project workers launches none');
  const { workers: settings, guest } = projects;
  // Made for the first worker: most tests, and some hosts, have none.
  let bundle: Promise<{ code: string }> | null = null;
  const interpreter = (): Promise<{ code: string }> => {
    bundle ??= guestBundle(cacheDir).catch((error: unknown) => {
      bundle = null;
      throw error;
    });
    return bundle;
  };
  return async (project) =>
    startProjectWorker({
      project,
      connection: await connection.get(),
      namespace: temporal.namespace,
      guest: await interpreter(),
      code,
      tenants,
      runner: scripts.runner,
      ward: work.ward,
      limits: {
        maxActivities: settings.maxActivities,
        maxWorkflowTasks: settings.maxWorkflowTasks,
        cachedRuns: CACHED_RUNS,
        payloadMaxBytes,
        codeMaxBytes: guest.codeMaxBytes,
        activityHeapMb: guest.activityHeapMb,
      },
      graceMs: settings.graceMs,
      forceMs: settings.forceMs,
      debug: settings.debug,
      watch: { ...watch, activities: [...watch.activities, tellFailures(log, hostname(), project)] },
      failed: (error, of) => log.error({ ...of, err: error }, 'a step of a project worker failed, and is tried again'),
      log: (line, of) => {
        log[line.level]({ script: true, ...of, data: line.data }, line.message);
        options.scriptLog?.(line, of.name || of.workflow);
        work.runs.logs?.write(line, { runId: of.runId, activity: labelOf(of), attempt: of.attempt });
      },
    });
}
