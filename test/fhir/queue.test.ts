import { setImmediate } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Queue } from '../../host/embedded/fhir/queue.ts';

const test = suite('queue');

test('work runs one by one in the order given, and goes on after a failure', async () => {
  const queue = new Queue();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} starts`);
    await setImmediate();
    seen.push(`${name} ends`);
    if (name === 'b') throw new Error(name);
    return name;
  };
  const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => queue.run(work(name))));
  assert.equal(seen, ['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
  assert.equal(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test.run();
