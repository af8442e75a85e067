// timeout: 180
/** The SDK's surface beyond the samples: workflows of ours, on a plain worker and as workflows of a project. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { difference } from './samples/compare.ts';
import { driveAll } from './samples/drive.ts';
import { endedOn, replayed } from './samples/replay.ts';
import { startStand } from './samples/stand.ts';
import * as activities from './surface/activities.ts';
import { CASES, GROUPS } from './surface/cases.ts';

const surface = suite("the SDK's surface in workflows of a project");
const stand = await startStand({ sources: join(import.meta.dirname, 'surface'), groups: GROUPS, activities });
const pairs = driveAll(stand, CASES);

surface.after(() => stand.close());

for (const one of CASES) {
  const claim = one.judge
    ? 'other than on a plain worker, as documented'
    : 'the same answers and commands as on a plain worker';
  surface(`PW-10 ${one.of}, ${one.name}: ${claim}`, async () => {
    const pair = await pairs.get(one);
    if (!pair) throw new Error('not driven');
    if (one.judge) one.judge(pair.plain, pair.guest);
    else assert.is(difference(pair), null);
  });
}

surface('a command that differs by one attribute is told, with both', () => {
  const seen = (ms: number) => {
    const commands = [{ event: 'TIMER_STARTED', attributes: { timerId: '1', startToFireTimeout: { ms } } }];
    return { answers: [], lines: [], runs: [{ type: 'x', started: {}, commands }] };
  };
  assert.is(difference({ plain: seen(1), guest: seen(1) }), null);
  const told = 'runs.0.commands.0.attributes.startToFireTimeout.ms: plain 1, guest 2';
  assert.is(difference({ plain: seen(1), guest: seen(2) }), told);
});

surface('PW-10 every run of a guest is replayed from its history alone', async () => {
  const histories = await endedOn(stand, 'guest-surface');
  assert.ok(histories.length >= CASES.length, `${histories.length} histories`);
  const errors = await replayed(stand.guestSide.bundle.code, histories);
  const broken = histories.flatMap(({ workflowId }, index) =>
    errors[index] ? [`${workflowId}: ${errors[index]}`] : [],
  );
  assert.equal(broken, []);
});

surface.run();
