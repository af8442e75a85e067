/** Workers whose activities are ordinary functions of this process: one with the guest interpreter, one with the SDK alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, Worker, type WorkerOptions } from '@temporalio/worker';
import { CodeOwner, Compiler } from '../../../host/projects/code/compiler.ts';
import { DEFAULTS } from '../../../host/projects/settings.ts';
import { CACHED_RUNS } from '../../../host/projects/start.ts';
import { guestBundle } from '../../../host/temporal/guest/bundle.ts';
import { keepHeader } from '../../../host/temporal/project/header.ts';
import { hostSteps } from '../../../host/temporal/project/steps.ts';
import { createFileStore, type GuestPlan, type LoadedGuest, type ProjectRow } from '../../../registry/index.ts';
import { createSandbox } from '../../../sandbox/index.ts';
import type { Stand } from './stand.ts';

type Stop = () => Promise<void>;

const IGNORE = (): void => undefined;
const QUIET = { log: IGNORE, trace: IGNORE, debug: IGNORE, info: IGNORE, warn: IGNORE, error: IGNORE };
const LIMITS = { steps: 1000, memoryMb: 32 };
const PINS = { step: { kind: 'own', digest: 'bench', export: 'step', component: null, version: null } } as const;
const ACTIVITIES = { step: async (n: number) => n };

/** Bundles the file with the SDK and starts a plain worker with it, by the SDK's own settings; resolves when it polls. */
export async function startPlain(stand: Stand, workflowsPath: string, taskQueue: string): Promise<Stop> {
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: QUIET });
  return start(stand, { taskQueue, workflowBundle, activities: ACTIVITIES });
}

/** Starts a worker with the guest interpreter, as the host's own are but for the activities. `folder` is empty. */
export async function startGuest(
  stand: Stand,
  { path, taskQueue, folder }: { readonly path: string; readonly taskQueue: string; readonly folder: string },
): Promise<Stop> {
  const plans = await plansOf(path, folder);
  const project = { id: 'bench', taskQueueName: taskQueue } as ProjectRow;
  const plan = async (_project: ProjectRow, type: string): Promise<LoadedGuest> => {
    const found = plans.get(type);
    return found ? { ok: true, plan: found } : { ok: false, code: 'WORKFLOW_TYPE_UNKNOWN', message: type };
  };
  const hosts = hostSteps({ project: () => project, code: { plan }, codeMaxBytes: 2 ** 20, failed: IGNORE });
  return start(stand, {
    taskQueue,
    workflowBundle: await guestBundle(join(folder, 'bundle')),
    activities: { ...ACTIVITIES, ...hosts },
    interceptors: { activity: [keepHeader] },
    sinks: { run: { started: { fn: IGNORE }, closed: { fn: IGNORE } } },
    maxConcurrentActivityTaskExecutions: DEFAULTS.maxActivities,
    maxConcurrentWorkflowTaskExecutions: DEFAULTS.maxWorkflowTasks,
    maxCachedWorkflows: CACHED_RUNS,
  });
}

async function start({ native, namespace }: Stand, options: WorkerOptions): Promise<Stop> {
  const worker = await Worker.create({ connection: native, namespace, ...options });
  const ended = worker.run();
  return async () => {
    worker.shutdown();
    await ended;
  };
}

/** What runs of each function of the file are pinned to. */
async function plansOf(path: string, folder: string): Promise<ReadonlyMap<string, GuestPlan>> {
  const sandbox = createSandbox({ spare: false });
  try {
    const packages = { names: new Set<string>(), read: async () => null };
    const store = createFileStore(join(folder, 'code'));
    const compiler = new Compiler({ store, build: (wish) => sandbox.build(wish), packages });
    const files = new Map([['workflow.ts', await readFile(path, 'utf8')]]);
    const made = await compiler.compile({ kind: 'workflow', entry: 'workflow.ts', files }, new CodeOwner());
    if (!made.ok) throw new Error(JSON.stringify(made.faults));
    const { digest, code, map } = made.bundle;
    const shared = {
      interpreter: 1,
      workflow: { id: 'bench', name: 'bench' },
      types: made.functions,
      code,
      map,
    } as const;
    const rest = { digest: `sha256:${digest}`, activities: PINS, refused: {}, limits: LIMITS };
    return new Map(made.functions.map((entry) => [entry, { ...shared, ...rest, entry }]));
  } finally {
    await sandbox.close();
  }
}
