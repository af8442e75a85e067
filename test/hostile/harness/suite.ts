import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { casesOf, type Group } from './cases.ts';
import { openStage } from './stage.ts';

/** Growth of the host's memory over all attacks of a group (threat model, P4), MiB. */
const GROWN_MB = 50;

/** A group as a suite: a test for each attack, and one for the host's memory. */
export async function hostile(group: Group): Promise<void> {
  const cases = await casesOf(group);
  const stage = await openStage();
  const test = suite(`hostile: ${group}`);
  for (const each of cases) {
    test(`${each.id} ${each.effect}: ${each.attack.claim}`, async () => {
      assert.equal((await stage.judge(each)).faults, []);
    });
  }
  test(`the host's memory grows by less than ${GROWN_MB} MiB`, async () => {
    const grown = await stage.grownMb();
    assert.ok(grown < GROWN_MB, `${Math.round(grown)} MiB`);
  });
  test.after(async () => stage[Symbol.asyncDispose]());
  test.run();
}
