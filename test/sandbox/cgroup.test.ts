import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findMemoryGroups } from '../../sandbox/cgroup.ts';
import { createSandbox } from '../../sandbox/index.ts';

const cgroup = suite('the memory cgroup of a cell');
const groups = findMemoryGroups();
const where = groups ? cgroup : cgroup.skip;
const HOG = 'process.stdin.once("data", () => { const kept = []; for (;;) kept.push(Buffer.alloc(8 << 20, 1)); });';

/** Cgroups of a process, as the kernel tells them. */
const groupsOf = (pid: number): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');

where('the kernel ends a process that passes its cap, and says so', async () => {
  const hog = spawn(process.execPath, ['--eval', HOG], { stdio: ['pipe', 'ignore', 'ignore'] });
  const group = groups?.join(hog.pid ?? 0);
  assert.ok(group);
  assert.is(group.wasKilled(), false);
  group.limit(150);
  hog.stdin.write('go\n');
  const [, signal] = await once(hog, 'exit');
  assert.is(signal, 'SIGKILL');
  assert.is(group.wasKilled(), true);
  group.close();
});

where('a cell is in one from its start, which goes with it', async () => {
  const sandbox = createSandbox({ spare: false });
  await sandbox.warm('tenant');
  const pid = sandbox.stats().cells[0]?.pid ?? 0;
  const [name = ''] = /cloister-\d+-\d+/.exec(groupsOf(pid)) ?? [];
  assert.is(name, `cloister-${process.pid}-${pid}`);
  await sandbox.close();
  assert.not.ok(existsSync(`/proc/${pid}`));
  assert.not.match(groupsOf(process.pid), /cloister-/, 'the host itself is in none');
});

cgroup('where none can be made, cells run without', async () => {
  const sandbox = createSandbox({ spare: false });
  await sandbox.warm('tenant');
  assert.is(sandbox.stats().memoryGroups, groups?.version ?? null);
  await sandbox.close();
});

cgroup.run();
