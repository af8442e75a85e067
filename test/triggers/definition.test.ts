import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Build, checkTrigger, formatProblem, openProject, readTriggers } from '../../registry/index.ts';
import { temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

const test = suite('definitions of triggers');
const owned = new AsyncDisposableStack();
test.after(() => owned.disposeAsync());

const told = async (definition: Record<string, unknown>): Promise<string[]> => {
  const files = new Map([
    ['triggers/t/definition.yaml', JSON.stringify({ type: 'schedule', workflow: 'w', ...definition })],
  ]);
  const { report } = await checkTrigger('t', files, ['w']);
  return report.problems.map(formatProblem).map((line) => line.replace(/^.*?: (?=error|warning)/, ''));
};
const SPEC = { intervals: [{ every: '1h' }] };

test('policies of a schedule are Temporal’s own, and may be left out', async () => {
  assert.equal(await told({ spec: SPEC }), []);
  const policies = { overlap: 'BUFFER_ONE', catchupWindow: '10m', pauseOnFailure: true };
  assert.equal(await told({ spec: SPEC, policies }), []);
});

test('a policy that Temporal has not is told with what it has', async () => {
  const lines = await told({
    spec: SPEC,
    policies: { overlap: 'WAIT', catchupWindow: 10, pauseOnFailure: 'yes', overlaps: 1 },
  });
  const has = (text: string) =>
    assert.ok(
      lines.some((line) => line.includes(text)),
      `${text} in ${lines.join('\n')}`,
    );
  assert.is(lines.length, 4);
  has('policies: found field "overlaps", expected overlap, catchupWindow, pauseOnFailure; did you mean "overlap"?');
  has(
    'policies.overlap: found "WAIT", expected SKIP, BUFFER_ONE, BUFFER_ALL, CANCEL_OTHER, TERMINATE_OTHER, ALLOW_ALL',
  );
  has('policies.catchupWindow: found 10, expected a number with s, m, h or d');
  has('policies.pauseOnFailure: found "yes", expected true or false');
  assert.equal((await told({ spec: SPEC, policies: ['SKIP'] })).length, 1);
});

test('triggers are read as they are written; without a type one is a subscription', async () => {
  const folder = await temporaryFolder('definition');
  owned.defer(() => folder.remove());
  const topic = {
    resourceType: 'AidboxSubscriptionTopic',
    url: 'http://t',
    status: 'active',
    trigger: [{ resource: 'Claim' }],
  };
  await writeFiles(folder.path, {
    ...workflow('w', { rootChildren: [], activities: [] }),
    'triggers/a/definition.yaml': JSON.stringify({
      workflow: 'w',
      subscriptionTopic: topic,
      destination: { content: 'empty' },
    }),
    'triggers/a/input-mapping.ts': 'export const description = "t"; export async function main() { return null; }',
    'triggers/b/definition.yaml':
      'type: schedule\nworkflow: w\nspec: { cronExpressions: ["0 2 * * *"], timezone: Europe/Rome }\ninput: { _workflowId: x, when: $now, n: 1 }\n',
    'triggers/c/input-mapping.ts': 'export async function main() { return null; }',
  });
  const build = (() => Promise.reject(new Error('nothing is built'))) as Build;
  const project = await openProject({ dir: folder.path, mode: 'working-tree', builtIns: new Map(), build });
  const [a, b, c] = await readTriggers(project);
  assert.equal([a?.type, a?.workflow, a?.mapping], ['subscription', 'w', 'triggers/a/input-mapping.ts']);
  assert.equal([a?.subscriptionTopic, a?.destination, a?.spec], [topic, { content: 'empty' }, null]);
  assert.equal([b?.type, b?.mapping], ['schedule', null]);
  assert.equal(b?.spec, { cronExpressions: ['0 2 * * *'], timezone: 'Europe/Rome' });
  assert.equal(b?.input, { when: '$now', n: 1 }, 'as it is written, but for the workflow id');
  assert.equal(
    b?.problems.map(({ code, severity }) => [code, severity]),
    [['FIELD_UNKNOWN', 'warning']],
  );
  assert.equal([c?.type, c?.problems[0]?.code], [null, 'TRIGGER_FIELD']);
});

test.run();
