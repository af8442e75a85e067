// timeout: 180
/** Everything that was ever found, tried again; and that what should be found is. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { faultsOf } from './attempt.ts';
import { readFindings } from './found.ts';
import type { Bench } from './target.ts';
import { TARGETS } from './targets/index.ts';

const test = suite('found by fuzzing');
const findings = [...(await readFindings())];

for (const target of TARGETS) {
  const own = findings.filter(([, finding]) => finding.target === target.name);
  if (own.length === 0) continue;
  let bench: Bench;
  test(`${target.name} opens`, async () => {
    bench = await target.open();
  });
  for (const [name, { faults, input }] of own) {
    test(`${name} is mended: ${faults[0]}`, async () => {
      assert.equal(await faultsOf(bench, input), []);
    });
  }
  test(`${target.name} closes`, async () => bench[Symbol.asyncDispose]());
}

test('every finding names a target', () => {
  const names = TARGETS.map(({ name }) => name);
  for (const [name, { target }] of findings) assert.ok(names.includes(target), `${name}: ${target}`);
});

test.run();
