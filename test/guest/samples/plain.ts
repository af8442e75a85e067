/** The plain side: Temporal's own worker, with the SDK's own bundle of the same files. */
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type NativeConnection, Worker } from '@temporalio/worker';
import { temporaryFolder } from '../../stand/project.ts';
import type { Activities, Group } from './case.ts';

const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const ignore = (): void => undefined;
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** What a side is made of. */
export interface SideOptions {
  readonly connection: NativeConnection;
  /** Folder that the groups' paths are relative to; nothing in it is changed. */
  readonly sources: string;
  readonly groups: readonly Group[];
  readonly activities: Activities;
  readonly queueOf: (group: string) => string;
}

/** Bundles every group as the SDK does; the code by name of the group. */
export async function plainBundles({ sources, groups }: Pick<SideOptions, 'sources' | 'groups'>) {
  const folder = await temporaryFolder('plain');
  try {
    await cp(sources, join(folder.path, 'sources'), { recursive: true });
    await symlink(NODE_MODULES, join(folder.path, 'node_modules'));
    const bundles = await Promise.all(groups.map((group) => bundleOf(group, folder.path)));
    return new Map(bundles);
  } finally {
    await folder.remove();
  }
}

async function bundleOf({ name, workflows }: Group, folder: string): Promise<[string, { code: string }]> {
  const workflowsPath = join(folder, `${name}.ts`);
  await writeFile(workflowsPath, workflows.map((path) => `export * from './sources/${path}';\n`).join(''));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: QUIET });
  return [name, { code }];
}

/** Starts a worker for every group. `stop` drains them. */
export async function startPlain(
  { connection, groups, activities, queueOf }: SideOptions,
  bundles: ReadonlyMap<string, { code: string }>,
): Promise<{ stop(): Promise<void> }> {
  const workers = await Promise.all(
    groups.map(({ name }) =>
      Worker.create({
        connection,
        taskQueue: queueOf(name),
        workflowBundle: bundles.get(name) ?? { code: '' },
        activities: { ...activities },
        maxHeartbeatThrottleInterval: 500,
        shutdownGraceTime: 0,
        shutdownForceTime: 5000,
      }),
    ),
  );
  const ended = workers.map((worker) => worker.run());
  for (const end of ended) end.catch(ignore);
  return {
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(ended);
    },
  };
}
