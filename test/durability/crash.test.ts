// timeout: 240
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunView } from '../../host/runs/view.ts';
import { activityOf } from '../stand/host.ts';
import { temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { followRun, type HostProcess, hostFolder, recordsOf, startHostProcess, startRun } from './host.ts';
import { startWitness, telling, tellingProject, tenantsFile, type Witness } from './witness.ts';

const crash = suite('a host that is killed in mid-run');
const closing: (() => Promise<unknown>)[] = [];
let witness: Witness;
let projectDir: string;
let folder: string;
let host: HostProcess;

crash.before(async () => {
  witness = await startWitness();
  closing.push(() => witness.close());
  const project = await temporaryFolder('project');
  closing.push(project.remove);
  const data = await hostFolder(tenantsFile(witness, ['org-1']));
  closing.push(data.remove);
  projectDir = project.path;
  folder = data.path;
  await writeFiles(projectDir, {
    ...tellingProject(witness),
    ...workflow('chain', {
      rootChildren: ['a', 'b', 'c', 'd'],
      activities: ['a', 'b', 'c', 'd'].map((id) => telling(id)),
    }),
    ...workflow('stopped', { rootChildren: ['s'], activities: [telling('s')] }),
    ...workflow('lost', { rootChildren: ['l'], activities: [telling('l', { timeout: '1s' })] }),
    ...workflow('brief', {
      rootChildren: ['p', 'q', 'r'],
      activities: [telling('p'), telling('q', { timeout: '5s', retries: 0 }), telling('r')],
    }),
  });
  host = await startHostProcess(projectDir, folder);
  closing.push(() => host.stop());
});
crash.after(async () => {
  for (const close of closing.reverse()) await close();
});

/** Starts a run, kills the host when the witness has seen the start of `during`, starts another after `downMs`. */
async function crashed(name: string, during: string, downMs: number): Promise<RunView> {
  witness.hold(during);
  const runId = await startRun(host.url, name, { witness: witness.url, tenantOrganizationId: 'org-1' });
  await witness.seen('start', during);
  await host.kill();
  witness.release();
  await sleep(downMs);
  host = await startHostProcess(projectDir, folder);
  return followRun(host.url, name, runId);
}

async function checkRecord({ runId, workflowId, executionPeriod }: RunView): Promise<void> {
  const records = await recordsOf(host.fhirUrl, 'org-1', runId);
  assert.is(records.length, 1, JSON.stringify(records));
  assert.is(records[0]?.status, 'completed');
  assert.is(records[0]?.executionPeriod.start.slice(0, 19), executionPeriod.start.slice(0, 19));
  assert.ok(records[0]?.executionPeriod.end);
  assert.ok(records[0]?.identifier.some(({ value }) => value === workflowId));
}

crash('the run completes, no activity that had completed ran again, and there is one resource', async () => {
  const view = await crashed('chain', 'c', 0);
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.equal(
    view.activities?.map(({ status }) => status),
    ['completed', 'completed', 'completed', 'completed'],
  );
  for (const id of ['a', 'b', 'd']) assert.is(witness.count('start', id), 1, `${id} ran again`);
  assert.is(witness.count('start', 'c'), 2, 'c was cut off once and ran once more');
  for (const id of ['a', 'b', 'c', 'd']) assert.is(witness.count('end', id), 1, `${id} ended twice`);
  assert.equal(activityOf(view, 'c').output, { activity: 'c', version: '1' });
  await checkRecord(view);
});

crash('the same holds without retries when the host is down for longer than the timeout of the activity', async () => {
  const view = await crashed('brief', 'q', 7000);
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.is(witness.count('start', 'p'), 1);
  assert.is(witness.count('start', 'q'), 2);
  assert.is(witness.count('end', 'q'), 1);
  assert.is(witness.count('end', 'r'), 1);
  await checkRecord(view);
});

crash('a host that is told to stop ends with 0, and what it cuts off is done by the next one', async () => {
  witness.hold('s');
  const runId = await startRun(host.url, 'stopped', { witness: witness.url, tenantOrganizationId: 'org-1' });
  await witness.seen('start', 's');
  assert.is(await host.stop(), 0);
  witness.release();
  host = await startHostProcess(projectDir, folder);
  const view = await followRun(host.url, 'stopped', runId);
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.is(witness.count('start', 's'), 2);
  assert.is(witness.count('end', 's'), 1);
  await checkRecord(view);
});

crash('an activity whose host is lost six times fails the run with HOST_LOST, and is not tried for ever', async () => {
  witness.hold('l');
  const runId = await startRun(host.url, 'lost', { witness: witness.url, tenantOrganizationId: 'org-1' });
  for (let times = 1; times <= 6; times++) {
    await witness.seen('start', 'l', times);
    // A host that is stopped for longer than the timeout cannot report: Temporal has to.
    process.kill(host.pid, 'SIGSTOP');
    await sleep(1500);
    process.kill(host.pid, 'SIGCONT');
  }
  const view = await followRun(host.url, 'lost', runId);
  witness.release();
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, 'HOST_LOST');
  assert.is(witness.count('start', 'l'), 6);
  assert.is(activityOf(view, 'l').error?.code, 'HOST_LOST');
});

crash.run();
