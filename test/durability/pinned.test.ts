// timeout: 120
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunView } from '../../host/runs/view.ts';
import { activityOf } from '../stand/host.ts';
import { temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { followRun, type HostProcess, hostFolder, recordsOf, startHostProcess, startRun } from './host.ts';
import { startWitness, step, telling, tellingProject, tenantsFile, type Witness } from './witness.ts';

const pinned = suite('a run and the plan it was started with');
const closing: (() => Promise<unknown>)[] = [];
let witness: Witness;
let projectDir: string;
let folder: string;
let host: HostProcess;

const OLD = workflow('order', {
  rootChildren: ['a', 'b'],
  activities: [telling('a', { children: ['c'] }), telling('b'), telling('c')],
});
const NEW = workflow('order', {
  rootChildren: ['b', 'a'],
  activities: [telling('a', { children: ['d'] }), telling('b'), telling('d')],
});

pinned.before(async () => {
  witness = await startWitness();
  closing.push(() => witness.close());
  const project = await temporaryFolder('project');
  closing.push(project.remove);
  const data = await hostFolder(tenantsFile(witness, ['org-1']));
  closing.push(data.remove);
  projectDir = project.path;
  folder = data.path;
  await writeFiles(projectDir, { ...tellingProject(witness), ...OLD });
  host = await startHostProcess(projectDir, folder);
  closing.push(() => host.stop());
});
pinned.before.each(async () => {
  await writeFiles(projectDir, { ...tellingProject(witness), ...OLD });
});
pinned.after(async () => {
  for (const close of closing.reverse()) await close();
});

const start = (): Promise<string> =>
  startRun(host.url, 'order', { witness: witness.url, tenantOrganizationId: 'org-1' });

/** A new run that is inside activity `a`. */
async function held(): Promise<string> {
  witness.hold('a');
  const before = witness.count('start', 'a');
  const runId = await start();
  await witness.seen('start', 'a', before + 1);
  return runId;
}

async function finished(runId: string): Promise<RunView> {
  witness.release();
  return followRun(host.url, 'order', runId);
}

async function restart(): Promise<void> {
  await host.kill();
  host = await startHostProcess(projectDir, folder);
}

function check(view: RunView, ids: readonly string[], version: string): void {
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.equal(
    view.activities?.map(({ id }) => id),
    ids,
  );
  for (const id of ids) assert.equal(activityOf(view, id).output, { activity: id, version });
}

pinned('edits of YAML and scripts change nothing of it, and the next run has them', async () => {
  const runId = await held();
  await writeFiles(projectDir, { ...NEW, 'activities/step.ts': step('2') });
  const view = await finished(runId);
  check(view, ['a', 'c', 'b'], '1');
  const next = await followRun(host.url, 'order', await start());
  check(next, ['b', 'a', 'd'], '2');
  assert.is.not(next.digest, view.digest);
});

pinned('nor when the host is killed after the edit and started again', async () => {
  const runId = await held();
  await writeFiles(projectDir, { ...NEW, 'activities/step.ts': 'export const nothing = 1;' });
  await restart();
  check(await finished(runId), ['a', 'c', 'b'], '1');
});

pinned('it completes when the project folder is deleted', async () => {
  const away = await temporaryFolder('away');
  try {
    const runId = await held();
    await cp(projectDir, away.path, { recursive: true });
    await rm(projectDir, { recursive: true });
    check(await finished(runId), ['a', 'c', 'b'], '1');
  } finally {
    await cp(away.path, projectDir, { recursive: true });
    await away.remove();
  }
});

pinned('when the code store is gone it fails with PLAN_SOURCE_GONE, never with other code', async () => {
  const runId = await held();
  await rm(join(folder, '.cloister', 'code'), { recursive: true });
  await writeFile(join(projectDir, 'activities', 'step.ts'), step('3'));
  await restart();
  const view = await finished(runId);
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, 'PLAN_SOURCE_GONE');
  assert.is(activityOf(view, 'a').error?.code, 'PLAN_SOURCE_GONE');
  assert.is(witness.count('start', 'b', runId) + witness.count('start', 'c', runId), 0);
  const records = await recordsOf(host.fhirUrl, 'org-1', runId);
  assert.equal(
    records.map(({ status }) => status),
    ['failed'],
  );
});

pinned.run();
