/** The walk of a re-run, by itself: what is kept is not executed, whatever the shape of the workflow. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Walk } from '../../host/temporal/workflows/walk.ts';
import type { Plan, PlanActivity } from '../../registry/index.ts';

const kept = suite('the walk of a re-run');

const activity = (id: string, more: Partial<PlanActivity> = {}): PlanActivity => ({
  id,
  name: id,
  script: `./activities/${id}.ts`,
  bundle: null,
  problem: null,
  childWorkflow: null,
  params: { kind: 'map', entries: [] },
  applicability: [],
  children: [],
  maximumAttempts: 1,
  timeoutMs: null,
  backoff: null,
  decoupled: false,
  limits: {},
  deterministic: false,
  ...more,
});

function planOf(execution: Plan['execution'], rootChildren: string[], activities: PlanActivity[]): Plan {
  return { execution, rootChildren, activities } as unknown as Plan;
}

/** Ids in the order in which they were executed, with their params. */
async function walked(plan: Plan, outputs: Record<string, unknown>): Promise<[Walk, (readonly [string, unknown])[]]> {
  const executed: (readonly [string, unknown])[] = [];
  const walk = new Walk(
    { plan, input: {}, kept: outputs },
    {
      execute: async ({ id }, params) => {
        executed.push([id, params]);
        return `new ${id}`;
      },
      fail: () => undefined,
    },
  );
  await walk.run();
  return [walk, executed];
}

const output = (of: string) =>
  ({ kind: 'map', entries: [['got', { kind: 'output', activity: of, path: [] }]] }) as const;

for (const execution of ['sequential', 'parallel'] as const) {
  kept(
    `in a ${execution} workflow what is kept is completed, its children see its output, and the rest is executed`,
    async () => {
      const plan = planOf(
        execution,
        ['a', 'd'],
        [
          activity('a', { children: ['b', 'c'] }),
          activity('b', { params: output('a') }),
          activity('c', { params: output('a') }),
          activity('d', { children: ['e'] }),
          activity('e', { params: output('d') }),
        ],
      );
      const [walk, executed] = await walked(plan, { a: 'old a', b: null });
      assert.equal(executed.toSorted(), [
        ['c', { got: 'old a' }],
        ['d', {}],
        ['e', { got: 'new d' }],
      ]);
      assert.equal(walk.results({ outputs: true }), {
        a: { status: 'completed' },
        b: { status: 'completed', output: null },
        c: { status: 'completed', output: 'new c' },
        d: { status: 'completed' },
        e: { status: 'completed', output: 'new e' },
      });
    },
  );
}

kept('what is kept is not judged again, decoupled or not; what is not kept is', async () => {
  const never = [{ kind: 'literal', value: false } as const];
  const plan = planOf(
    'sequential',
    ['a', 'b', 'c'],
    [
      activity('a', { applicability: never, decoupled: true, children: ['under'] }),
      activity('under'),
      activity('b', { applicability: never }),
      activity('c'),
    ],
  );
  const [walk, executed] = await walked(plan, { a: 1 });
  assert.equal(executed.map(([id]) => id).toSorted(), ['c', 'under']);
  assert.equal(walk.skips(), { b: 'applicability' });
  assert.equal([walk.failure, walk.cancelled], [undefined, false]);
});

kept('names out of prototypes are no kept outputs', async () => {
  const [, executed] = await walked(planOf('sequential', ['toString'], [activity('toString')]), {});
  assert.equal(executed, [['toString', {}]]);
});

kept.run();
