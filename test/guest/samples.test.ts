// timeout: 180
/** Temporal's public TypeScript samples, unchanged: on a plain worker of the SDK, and as workflows of a project. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sampleActivities } from './samples/activities.ts';
import type { Case } from './samples/case.ts';
import { difference } from './samples/compare.ts';
import { driveAll } from './samples/drive.ts';
import { endedOn, pinnedTo, type Recorded, replayed } from './samples/replay.ts';
import { patching, VERSIONS } from './samples/scripts/patching.ts';
import { CASES, GROUPS } from './samples/scripts.ts';
import { type Stand, startStand } from './samples/stand.ts';
import { tableOf } from './samples/table.ts';

const samples = suite("Temporal's samples as workflows of a project");
const PAGE = join(import.meta.dirname, '../../docs/project-workers.md');
const { SAMPLES_DIR: dir = '' } = process.env;
const seen = new Map<Case, string | null>(CASES.map((one) => [one, 'not driven']));

const stand = dir === '' ? null : await open();
const pairs = stand ? driveAll(stand, CASES) : new Map();
const on = stand ? samples : samples.skip;

samples.after(() => stand?.close());

async function open(): Promise<Stand> {
  return startStand({ sources: dir, groups: GROUPS, activities: await sampleActivities(dir) });
}

function opened(): Stand {
  if (stand === null) throw new Error('SAMPLES_DIR is not set');
  return stand;
}

for (const one of CASES) {
  on(`PW-10 ${one.of}, ${one.name}: the same answers and commands as on a plain worker`, async () => {
    const pair = await pairs.get(one);
    seen.set(one, difference(pair));
    assert.is(seen.get(one), null);
  });
}

on('PW-10 a history of one version of patching-api is replayed by each other one as on a plain worker', async () => {
  const { plainBundles, guestSide, client } = opened();
  const versions = Object.entries(VERSIONS);
  const recorded = (side: 'plain' | 'guest'): Promise<readonly Recorded[]> =>
    Promise.all(
      patching.map(async (one) => {
        const workflowId = opened().idOf(one, '1', side);
        return { workflowId, history: await client.workflow.getHandle(workflowId).fetchHistory() };
      }),
    );
  const [plain, guest] = [await recorded('plain'), await recorded('guest')];
  const verdicts: Record<string, unknown> = {};
  for (const [version, group] of versions) {
    const plan = guestSide.plan(group, 'myWorkflow');
    if (plan === null) throw new Error(`no plan of ${version}`);
    const byPlain = await replayed(plainBundles.get(group)?.code ?? '', plain);
    const byGuest = await replayed(
      guestSide.bundle.code,
      guest.map((one) => pinnedTo(plan, one)),
    );
    assert.equal(byGuest, byPlain, `replays by ${version}`);
    verdicts[version] = byPlain.map((error) => error === null);
  }
  // By the newer code an old run goes on as it began; code without the patch cannot replay what was patched.
  assert.equal(verdicts, {
    v1: [true, false, false, false],
    v2: [true, true, true, false],
    v3: [false, true, true, true],
    final: [false, false, true, true],
  });
});

on('PW-10 every run of a guest is replayed from its history alone', async () => {
  const histories = (await Promise.all(GROUPS.map(({ name }) => endedOn(opened(), `guest-${name}`)))).flat();
  assert.ok(histories.length >= CASES.length, `${histories.length} histories`);
  const errors = await replayed(opened().guestSide.bundle.code, histories);
  const broken = histories.flatMap(({ workflowId }, index) =>
    errors[index] ? [`${workflowId}: ${errors[index]}`] : [],
  );
  assert.equal(broken, []);
});

on('docs/project-workers.md shows the table as it came out', async () => {
  const page = await readFile(PAGE, 'utf8');
  assert.ok(page.includes(tableOf(CASES, seen)), `expected this in docs/project-workers.md:\n${tableOf(CASES, seen)}`);
});

samples.run();
