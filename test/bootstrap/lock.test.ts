import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withLock } from '../../host/bootstrap/lock.mjs';

const test = suite('lock');
const folder = await mkdtemp(join(tmpdir(), 'cloister-lock-'));

test.after(() => rm(folder, { recursive: true, force: true }));

test('one holder at a time, and the second is told that it waits', async () => {
  const file = join(folder, 'one');
  const events: string[] = [];
  const hold = (name: string) => async () => {
    events.push(`${name} in`);
    await sleep(100);
    events.push(`${name} out`);
  };
  const first = withLock(file, hold('first'));
  await sleep(20);
  await Promise.all([first, withLock(file, hold('second'), () => events.push('waiting'))]);
  assert.equal(
    events.filter((event) => event !== 'waiting'),
    ['first in', 'first out', 'second in', 'second out'],
  );
  assert.ok(events.includes('waiting'));
});

test('it is given back when the work fails, with the error of the work', async () => {
  const file = join(folder, 'failing');
  const message = await withLock(file, () => Promise.reject(new Error('on purpose'))).catch((error) => error.message);
  assert.is(message, 'on purpose');
  assert.not((await readdir(folder)).includes('failing'));
});

test('of several that find the lock of a dead holder, one at a time gets it', async () => {
  const file = join(folder, 'stale');
  await writeFile(file, 'somebody who died');
  await utimes(file, new Date(0), new Date(0));
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(100);
    inside -= 1;
  };
  await Promise.all([withLock(file, work), withLock(file, work), withLock(file, work)]);
  assert.is(most, 1);
  assert.equal(
    (await readdir(folder)).filter((name) => name.startsWith('stale')),
    [],
  );
});

test.run();
