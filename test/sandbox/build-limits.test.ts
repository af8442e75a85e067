import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuildOutcome } from '../../sandbox/index.ts';
import { openRig } from './rig.ts';

const test = suite('limits of a build');
const SCRIPT = { 'activities/a.ts': 'export async function main() { return 1; }' };

const foundBy = (outcome: BuildOutcome): string => (outcome.ok ? 'a bundle' : (outcome.problems[0]?.found ?? ''));

test('one that takes more than buildMs is ended and says so; the next has its own time', async () => {
  const rig = openRig({ buildMs: 3_000 });
  const never = { builtIns: new Map([['x/y', '']]), readPackage: () => new Promise<null>(() => undefined) };
  const files = { 'activities/a.ts': 'import x from "slow"; export async function main() { return x; }' };
  const outcome = await rig.build(files, { ...never, packages: new Set(['slow']) });
  assert.is(foundBy(outcome), 'a build that was ended: it took more than 3000 ms');
  assert.ok(rig.events.some((event) => event.event === 'build.killed'));
  assert.is(foundBy(await rig.build(SCRIPT)), 'a bundle');
  await rig.sandbox.close();
});

test('one that takes more than buildRssMb is ended and says so', async () => {
  // The bundler alone takes more than this.
  const rig = openRig({ buildRssMb: 30 });
  assert.is(foundBy(await rig.build(SCRIPT)), 'a build that was ended: it used more than 30 MiB');
  await rig.sandbox.close();
});

test('no more than builds run at once; the others wait their turn', async () => {
  const rig = openRig({ builds: 1 });
  let open = 0;
  let most = 0;
  const readPackage = async (): Promise<null> => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 50));
    open--;
    return null;
  };
  const files = { 'activities/a.ts': 'import x from "none"; export async function main() { return x; }' };
  const build = () => rig.build(files, { readPackage, packages: new Set(['none']) });
  await Promise.all([build(), build(), build()]);
  assert.is(most, 1);
  await rig.sandbox.close();
});

test('builds that are not over when the sandbox is closed, or that wait their turn, reject', async () => {
  const rig = openRig({ builds: 1 });
  const asked = Promise.withResolvers<void>();
  const never = {
    readPackage: () => {
      asked.resolve();
      return new Promise<null>(() => undefined);
    },
    packages: new Set(['slow']),
  };
  const files = { 'activities/a.ts': 'import x from "slow"; export async function main() { return x; }' };
  const refused = [1, 2, 3].map(() => rig.build(files, never).then(foundBy, (error: Error) => error.message));
  await asked.promise;
  await rig.sandbox.close();
  assert.equal(await Promise.all(refused), Array(3).fill('the sandbox is closed'));
});

test.run();
