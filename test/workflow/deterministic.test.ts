// timeout: 180
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRig, outputOf } from '../sandbox/rig.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const test = suite('deterministic: true in a workflow');
let stand: TestHost;

const HEAD = `import { fhir, run } from 'cloister';
  const draw = () => [Date.now(), new Date().toISOString(), Math.random(), crypto.randomUUID()];`;

/** The same drawing in a cell alone: what does not ask who runs it. */
const DRAWING =
  'const draws = draw(); await new Promise((done) => setTimeout(done, 7)); draws.push(...draw(), run.deterministic);';

/** The first attempt leaves what it drew where the second one finds it. */
const BODY = `${DRAWING}
  const note = JSON.stringify({ of: run.activity, draws });
  if (run.attempt === 1) {
    await fhir.create({ resourceType: 'Basic', code: { text: note } });
    throw new Error('once more');
  }
  const { entry } = await fhir.search('Basic');
  const notes = entry.map(({ resource }: any) => JSON.parse(resource.code.text));
  return { attempt: run.attempt, draws, first: notes.find(({ of }: any) => of === run.activity).draws };`;

interface Output {
  readonly attempt: number;
  readonly draws: readonly unknown[];
  readonly first: readonly unknown[];
}

test.before(async () => {
  const activity = (id: string, more = {}) => ({ id, script: './activities/drawing.ts', retries: 1, ...more });
  stand = await testHost({
    ...script('drawing', BODY, HEAD),
    ...workflow('drawing', {
      deterministic: true,
      rootChildren: ['pinned', 'other', 'free'],
      activities: [activity('pinned'), activity('other'), activity('free', { deterministic: false })],
    }),
  });
});

test.after(() => stand.close());

test('every attempt is the same run, and it can be made again later from its id, its activity and its start', async () => {
  const view = await stand.run('drawing');
  assert.is(view.status, 'completed', JSON.stringify(view.activities));
  const of = (id: string) => activityOf(view, id).output as Output;
  const { attempt, draws, first } = of('pinned');
  assert.is(attempt, 2);
  assert.equal(draws, first);
  assert.is(draws.at(-1), true);
  assert.is(draws[4], Number(draws[0]) + 7);
  const startedAt = String(draws[1]);
  assert.ok(
    startedAt <= String(activityOf(view, 'pinned').startedAt),
    'the clock starts when the activity is scheduled',
  );
  assert.is.not(of('other').draws[2], draws[2]);
  assert.is(of('free').draws.at(-1), false, 'an activity may opt out');
  assert.is.not(of('free').draws[2], of('free').first[2]);

  const rig = openRig();
  try {
    const run = { id: view.runId, workflow: 'drawing', activity: 'pinned', attempt: 1, startedAt, deterministic: true };
    assert.equal(outputOf(await rig.runFiles(script('a', `${DRAWING} return draws;`, HEAD), { run })), draws);
  } finally {
    await rig.sandbox.close();
  }
});

test.run();
