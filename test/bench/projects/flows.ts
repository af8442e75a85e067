/** The workflows of the projects: the same file is a guest's code and a plain worker's. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

interface Steps {
  step(n: number): Promise<number>;
}

const near = proxyLocalActivities<Steps>({ startToCloseTimeout: '10 seconds' });
const far = proxyActivities<Steps>({ startToCloseTimeout: '30 seconds' });

/** As many local activities, one after the other; resolves to the sum of their results. */
export async function localSteps(count: number): Promise<number> {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += await near.step(n);
  return sum;
}

/** The same with activities. */
export async function steps(count: number): Promise<number> {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += await far.step(n);
  return sum;
}
