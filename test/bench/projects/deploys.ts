/** New code of a project whose worker runs: from the deploy to the result of the next run, which has it. */
import { randomUUID } from 'node:crypto';
import { ask } from '../called.ts';
import { type Figure, timed } from '../figures.ts';
import { type Stand, startWorker, stopWorker, text, writeProject } from './stand.ts';

const ROUNDS = 9;

/** Once with a row that is written past the host, once with a deploy through its API. No worker is restarted. */
export async function measureDeploys(stand: Stand): Promise<Figure[]> {
  const { project, workflow } = await writeProject(stand, 'Deploys', flow(0));
  const { id: projectId, taskQueueName } = project;
  await startWorker(stand, projectId);
  const about = { id: workflow, projectId, name: 'flow', status: 'active' } as const;
  let version = 0;
  const write = (): Promise<unknown> => stand.rows.saveProjectWorkflow({ ...about, ...text(flow(version)) });
  const deploy = (): Promise<unknown> => {
    const body = JSON.stringify(text(flow(version)));
    return ask(stand.api, `/projects/${projectId}/workflows/${workflow}`, { method: 'PATCH', body });
  };
  const measure = async (put: () => Promise<unknown>, isCounted: boolean): Promise<number> => {
    version += 1;
    let beganAt = performance.now();
    await put();
    if (!isCounted) beganAt = performance.now();
    const started = { taskQueue: taskQueueName, workflowId: randomUUID() };
    const result: unknown = await stand.client.workflow.execute('flow', started);
    const ms = performance.now() - beganAt;
    if (result !== version) throw new Error(`the run after deploy ${version} had the code of ${result}`);
    return ms;
  };
  const written: number[] = [];
  const deployed: number[] = [];
  const usual: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const direct = await measure(write, false);
    const whole = await measure(deploy, true);
    const again = await timed(() =>
      stand.client.workflow.execute('flow', { taskQueue: taskQueueName, workflowId: randomUUID() }),
    );
    if (round === 0) continue;
    written.push(direct);
    deployed.push(whole);
    usual.push(again);
  }
  await stopWorker(stand, projectId);
  const n = ROUNDS;
  const goal = { median: 300 };
  return [
    { what: 'deploy: row written, to the result of a run of the new code', unit: 'ms', rounds: written, n, goal },
    {
      what: 'deploy: request to the API, to the result of a run of the new code',
      unit: 'ms',
      rounds: deployed,
      n,
      goal,
    },
    { what: 'a run of the same code as before', unit: 'ms', rounds: usual, n },
  ];
}

const flow = (version: number): string => `export async function flow(): Promise<number> {\n  return ${version};\n}\n`;
