/** What starts by itself on a warm production host: a run out of an event, and a run of what was just committed. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { RunView } from '../../host/runs/view.ts';
import { script, workflow, writeFiles } from '../stand/project.ts';
import { ask, type Called } from './called.ts';

const SECRET = randomUUID();
const EVENTS = 15;
const COMMITS = 7;

/** Files of the project that these two need. */
export const EVENT_FILES: Readonly<Record<string, string>> = {
  ...script('said', "return 'first';"),
  ...workflow('event', { rootChildren: ['a'], activities: [{ id: 'a', script: './activities/said.ts' }] }),
  'triggers/lab/definition.yaml':
    'type: webhook\nworkflow: event\nwebhook: { signature: bearer, secrets: [BENCH], repeats: each }\n',
  'triggers/lab/input-mapping.ts':
    "export const description = 'An event';\nexport async function main({ body }: any) { return { event: body.event }; }\n",
};

/** Gives the host the secret of the trigger. To be called before the host starts. */
export function allowEvents(): void {
  process.env.CLOISTER_WEBHOOK_SECRET_BENCH = SECRET;
}

/** From the event that is posted to the start of the run's first activity, by one clock; milliseconds each. */
export async function postEvents({ url, headers }: Called): Promise<number[]> {
  const times: number[] = [];
  const sender = { url, headers: { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' } };
  for (let n = 0; n < EVENTS; n++) {
    const began = Date.now();
    const body = JSON.stringify({ event: n });
    const { started } = (await ask(sender, '/triggers/lab/webhook', { method: 'POST', body })) as {
      started: { runId: string }[];
    };
    const run = await ended({ url, headers }, started[0]?.runId ?? '');
    times.push(Date.parse(run.activities?.[0]?.startedAt ?? '') - began);
  }
  return times;
}

/** From the answer of a sync to the acceptance of a run of the commit that it brought; milliseconds each. */
export async function commitOften(api: Called, remote: string): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < COMMITS; n++) {
    const word = randomUUID();
    await writeFiles(remote, script('said', `return '${word}';`));
    const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org'];
    execFileSync('git', ['-C', remote, ...identity, 'commit', '-qam', 'Say another word']);
    await ask(api, '/repo/sync', { method: 'POST' });
    const began = performance.now();
    const { runId } = (await ask(api, '/workflows/event/run', { method: 'POST' })) as { runId: string };
    times.push(performance.now() - began);
    const { activities } = await ended(api, runId);
    if (activities?.[0]?.output !== word) throw new Error(`the commit was not live: ${JSON.stringify(activities)}`);
  }
  return times;
}

async function ended(api: Called, runId: string): Promise<RunView> {
  for (;;) {
    const run = (await ask(api, `/workflows/event/runs/${runId}`)) as RunView;
    if (run.status !== 'in-progress') return run;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
