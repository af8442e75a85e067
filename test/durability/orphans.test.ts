// timeout: 240
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../embedded/until.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { type HostProcess, hostFolder, startHostProcess, startRun } from './host.ts';
import { alive, descendants, type Process, processes } from './processes.ts';
import { startWitness, telling, tellingProject, tenantsFile, type Witness } from './witness.ts';

const orphans = suite('what a killed host leaves behind');
const closing: (() => Promise<unknown>)[] = [];
const LIMIT_MS = 10_000;
let witness: Witness;
let projectDir: string;
let folder: string;

orphans.before(async () => {
  witness = await startWitness();
  closing.push(() => witness.close());
  const project = await temporaryFolder('project');
  closing.push(project.remove);
  const data = await hostFolder(tenantsFile(witness, ['org-1', 'org-2']));
  closing.push(data.remove);
  projectDir = project.path;
  folder = data.path;
  await writeFiles(projectDir, {
    ...tellingProject(witness),
    ...script('spin', 'for (;;) {}'),
    ...workflow('wait', { rootChildren: ['held'], activities: [telling('held')] }),
    ...workflow('spin', {
      limits: { cpuMs: 10_000 },
      rootChildren: ['told', 'spun'],
      activities: [telling('told'), { id: 'spun', script: './activities/spin.ts' }],
    }),
  });
});
orphans.after(async () => {
  for (const close of closing.reverse()) await close();
});

async function started(): Promise<HostProcess> {
  const host = await startHostProcess(projectDir, folder);
  closing.push(() => host.stop());
  return host;
}

/** Whatever names the data folder on its command line belongs to a host of this test. */
const ofFolder = (): Process[] => processes().filter(({ command }) => command.includes(join(folder, '.cloister')));

async function checkGone(known: readonly Process[]): Promise<void> {
  await until(() => alive(known).length === 0 && ofFolder().length === 0, LIMIT_MS).catch(() => undefined);
  const left = [...alive(known), ...ofFolder()];
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  assert.equal(
    left.map(({ command }) => command.slice(0, 200)),
    [],
  );
}

const isNode = ({ command }: Process): boolean => command.includes('--permission');

if (process.platform !== 'linux') {
  orphans.skip('processes are looked up in /proc', () => undefined);
} else {
  orphans('Temporal, FHIR, cells with a waiting and a spinning script, and the spare end with it', async () => {
    const host = await started();
    witness.hold('held');
    await startRun(host.url, 'wait', { witness: witness.url, tenantOrganizationId: 'org-1' });
    await startRun(host.url, 'spin', { witness: witness.url, tenantOrganizationId: 'org-2' });
    await witness.seen('start', 'held');
    await witness.seen('end', 'told');
    const family = () => descendants(host.pid);
    await until(() => family().filter(isNode).length >= 3, LIMIT_MS);
    const known = family();
    assert.ok(known.some(({ command }) => command.includes('temporal') && command.includes('start-dev')));
    assert.ok(known.some(({ command }) => command.includes('fhir') && command.includes('main.ts')));
    await host.kill();
    await checkGone(known);
    witness.release();
  });

  orphans('so do build processes', async () => {
    const host = await started();
    const building = ({ command }: Process) => command.includes('--liftoff-only');
    const known: Process[] = [];
    for (let n = 0; n < 20 && !known.some(building); n++) {
      await writeFile(join(projectDir, 'activities', 'spin.ts'), `export async function main() { return ${n}; }`);
      const asked = startRun(host.url, 'spin', { witness: witness.url }).catch(() => undefined);
      await until(() => descendants(host.pid).some(building), 1000).catch(() => undefined);
      known.push(...descendants(host.pid));
      if (!known.some(building)) await asked;
    }
    assert.ok(known.some(building), 'no build process was seen');
    await host.kill();
    await checkGone(known);
  });

  orphans('a host that is told to stop leaves nothing either, though a script spins', async () => {
    const host = await started();
    await writeFile(join(projectDir, 'activities', 'spin.ts'), 'export async function main() { for (;;) {} }');
    await startRun(host.url, 'spin', { witness: witness.url, tenantOrganizationId: 'org-2' });
    await witness.seen('end', 'told', 2);
    const known = descendants(host.pid);
    await host.stop();
    await checkGone(known);
  });
}

orphans.run();
