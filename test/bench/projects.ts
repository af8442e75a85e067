/** Project workers: how soon they start and have new code, what they hold, and what the guest interpreter costs. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure } from './figures.ts';
import { measureDeploys } from './projects/deploys.ts';
import { FLOWS, measureGuests } from './projects/guests.ts';
import { measureMemory } from './projects/memory.ts';
import { openStand } from './projects/stand.ts';
import { measureStarts } from './projects/starts.ts';
import type { WorkflowOptions } from './temporal/sides.ts';

/** Measures all of it on one host. */
export async function measureProjects(options: WorkflowOptions): Promise<Figure[]> {
  const { folder, progress } = options;
  progress('projects: starting the servers');
  const stand = await openStand(options);
  try {
    const own = join(folder, 'projects');
    await mkdir(own, { recursive: true });
    progress('projects: starts');
    const starts = await measureStarts(stand, await readFile(FLOWS, 'utf8'), own);
    progress('projects: deploys');
    const deploys = await measureDeploys(stand);
    progress('projects: memory');
    const memory = await measureMemory(stand);
    progress('projects: guests beside the plain SDK');
    return [...starts, ...deploys, ...memory, ...(await measureGuests(stand, own))];
  } finally {
    await stand.close();
  }
}
