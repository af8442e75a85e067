/** The guest side: the product's interpreter and host steps over the same files, with the same functions as activities. */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { cacheFolder } from '../../../host/env/cache.ts';
import { readEnvironment } from '../../../host/env.ts';
import { CodeOwner, Compiler } from '../../../host/projects/code/compiler.ts';
import { guestBundle } from '../../../host/temporal/guest/bundle.ts';
import { keepHeader } from '../../../host/temporal/project/header.ts';
import { hostSteps } from '../../../host/temporal/project/steps.ts';
import {
  createFileStore,
  type GuestPlan,
  type LoadedGuest,
  type ProjectRow,
  packageReader,
} from '../../../registry/index.ts';
import { createSandbox } from '../../../sandbox/index.ts';
import { temporaryFolder } from '../../stand/project.ts';
import type { Group } from './case.ts';
import type { SideOptions } from './plain.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** What `GUEST_PACKAGES` would list. */
const PACKAGES = new Set(['async-mutex']);
const LIMITS = { steps: 1000, memoryMb: 32 };
const MAX_BYTES = 1_048_576;
const ignore = (): void => undefined;

/** The guest side, polling. */
export interface GuestSide {
  readonly bundle: { readonly code: string };
  /** Plan of a type as the queue of that group would pin it. */
  plan(group: string, type: string): GuestPlan | null;
  stop(): Promise<void>;
}

/** Compiles every workflow as a deploy would, and starts a worker for every group. */
export async function startGuest({
  connection,
  sources,
  groups,
  activities,
  queueOf,
}: SideOptions): Promise<GuestSide> {
  const bundle = await guestBundle(cacheFolder(readEnvironment()));
  const plans = await plansOf(sources, groups);
  const workers = await Promise.all(
    groups.map(({ name }) => {
      const project = { id: name, taskQueueName: queueOf(name) } as ProjectRow;
      const code = { plan: async (_project: ProjectRow, type: string) => loaded(plans.get(name)?.get(type), type) };
      return Worker.create({
        connection,
        taskQueue: queueOf(name),
        workflowBundle: bundle,
        activities: {
          ...activities,
          ...hostSteps({ project: () => project, code, codeMaxBytes: MAX_BYTES, failed: ignore }),
        },
        interceptors: { activity: [keepHeader] },
        sinks: { run: { started: { fn: ignore }, closed: { fn: ignore } } },
        maxHeartbeatThrottleInterval: 500,
        shutdownGraceTime: 0,
        shutdownForceTime: 5000,
      });
    }),
  );
  const ended = workers.map((worker) => worker.run());
  for (const end of ended) end.catch(ignore);
  return {
    bundle,
    plan: (group, type) => plans.get(group)?.get(type) ?? null,
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(ended);
    },
  };
}

function loaded(plan: GuestPlan | undefined, type: string): LoadedGuest {
  if (plan) return { ok: true, plan };
  return { ok: false, code: 'WORKFLOW_TYPE_UNKNOWN', message: `found workflow type "${type}"` };
}

type Plans = ReadonlyMap<string, ReadonlyMap<string, GuestPlan>>;

async function plansOf(sources: string, groups: readonly Group[]): Promise<Plans> {
  const folder = await temporaryFolder('guest');
  const sandbox = createSandbox({ spare: false });
  try {
    const packages = { names: PACKAGES, read: packageReader(ROOT, new Map()) };
    const store = createFileStore(folder.path);
    const compiler = new Compiler({ store, build: (request) => sandbox.build(request), packages });
    const owner = new CodeOwner();
    const made = groups.map(async ({ name, workflows }) => {
      const plans = await Promise.all(workflows.map((path) => plansOfModule(compiler, owner, join(sources, path))));
      return [name, new Map(plans.flat().map((plan) => [plan.entry, plan]))] as const;
    });
    return new Map(await Promise.all(made));
  } finally {
    await sandbox.close();
    await folder.remove();
  }
}

/** A plan for every function that a workflow module exports. `path` may be without its extension, as imports are. */
async function plansOfModule(compiler: Compiler, owner: CodeOwner, path: string): Promise<readonly GuestPlan[]> {
  const folder = dirname(path);
  const entry = `${relative(folder, path).replace(/\.ts$/, '')}.ts`;
  const made = await compiler.compile({ kind: 'workflow', entry, files: await filesOf(folder) }, owner);
  if (!made.ok) throw new Error(`${path}: ${JSON.stringify(made.faults)}`);
  const { digest, code, map } = made.bundle;
  const workflow = { id: path, name: entry };
  const shared = { interpreter: 2, workflow, types: made.functions, digest: `sha256:${digest}`, code, map } as const;
  return made.functions.map((name) => ({ ...shared, entry: name, activities: {}, refused: {}, limits: LIMITS }));
}

async function filesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const paths = await Array.fromAsync(glob('**/*.ts', { cwd: folder }));
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), 'utf8')] as const)),
  );
}
