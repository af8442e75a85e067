/** Resident memory of a host with many idle project workers. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Figure } from '../figures.ts';
import { type Stand, startWorker, stopWorker, writeProject } from './stand.ts';

const PROJECTS = 50;
const SETTLE_MS = 2_000;
const MIB = 2 ** 20;

/** The host runs in this process. Each worker is idle twice: before its first run, and after it. */
export async function measureMemory(stand: Stand): Promise<Figure[]> {
  const made: Awaited<ReturnType<typeof writeProject>>['project'][] = [];
  for (let n = 0; n < PROJECTS; n++) {
    const code = `export async function flow${n}(): Promise<number> {\n  return ${n};\n}\n`;
    made.push((await writeProject(stand, `Idle ${n}`, code)).project);
  }
  const [first, ...others] = made;
  if (first === undefined) return [];
  await startWorker(stand, first.id);
  await run(stand, first.taskQueueName, 0);
  const one = await settled();
  for (const { id } of others) await startWorker(stand, id);
  const all = await settled();
  for (const [n, { taskQueueName }] of others.entries()) await run(stand, taskQueueName, n + 1);
  const used = await settled();
  await Promise.all(made.map(({ id }) => stopWorker(stand, id)));
  const beyond = others.length;
  const goal = { median: 40 };
  const each = 'memory of each beyond the first';
  return [
    { what: `${PROJECTS} idle projects on one host: resident memory`, unit: 'MiB', rounds: [all], n: PROJECTS },
    { what: `${PROJECTS} idle projects: ${each}`, unit: 'MiB', rounds: [(all - one) / beyond], n: beyond, goal },
    { what: `the same after a run of each`, unit: 'MiB', rounds: [(used - one) / beyond], n: beyond, goal },
  ];
}

async function run({ client }: Stand, taskQueue: string, n: number): Promise<void> {
  await client.workflow.execute(`flow${n}`, { taskQueue, workflowId: randomUUID() });
}

/** What the process holds when garbage is gone, MiB. */
async function settled(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await sleep(SETTLE_MS);
  collect();
  return process.memoryUsage.rss() / MIB;
}
