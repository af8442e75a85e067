/** Project workers as a part of a host: their code, the Temporal workers, and who looks after them. */
import { packageReader } from '../../registry/index.ts';
import { readSamples } from '../builtins.ts';
import type { Running } from '../control.ts';
import type { HostOptions } from '../options.ts';
import { guestBundle } from '../temporal/guest/bundle.ts';
import { startProjectWorker } from '../temporal/project/worker.ts';
import { ProjectCode } from './code.ts';
import { SharedConnection } from './connection.ts';
import { ProjectWorkers } from './index.ts';
import type { Launch } from './types.ts';

/** Project workers that are looked after. `close` drains them. */
export interface Projects {
  readonly workers: ProjectWorkers;
  readonly code: ProjectCode;
  close(): Promise<void>;
}

/** Open runs that one project worker keeps in memory between their steps: each has an engine of its own. */
const CACHED_RUNS = 50;

/** Parts of the host that run before. */
type Beside = Omit<Running, 'projects'>;

/** Starts what looks after project workers; null where the host has no part in them. Rejects as `ProjectWorkers.open`. */
export async function startProjects(options: HostOptions, running: Beside): Promise<Projects | null> {
  const { projects, rows, log, temporal } = options;
  if (projects === null || rows === null) return null;
  const { guest, workers: settings } = projects;
  const { sandbox } = running.scripts;
  const code = new ProjectCode({
    store: rows,
    build: sandbox.build.bind(sandbox),
    sampleActivities: await readSamples(),
    limits: guest,
    packages: { names: new Set(guest.packages), read: packageReader(guest.packagesDir, new Map()) },
    log,
  });
  const connection = new SharedConnection(temporal.address);
  const launch = launcher(options, running, { code, connection });
  const workers = await ProjectWorkers.open({ store: rows, code, launch, settings, log });
  workers.startMonitoring();
  return {
    workers,
    code,
    close: async () => {
      await workers.close();
      await connection.close();
    },
  };
}

/** Makes Temporal workers over one connection and one bundle. */
function launcher(
  options: HostOptions,
  { scripts, operations }: Beside,
  { code, connection }: { readonly code: ProjectCode; readonly connection: SharedConnection },
): Launch {
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
      watch: operations.worker,
      failed: (error, of) => log.error({ ...of, err: error }, 'a step of a project worker failed, and is tried again'),
      log: (line, of) => {
        log[line.level]({ script: true, ...of, data: line.data }, line.message);
        options.scriptLog?.(line, of.name);
      },
    });
}
