import * as assert from 'uvu/assert';
import { compileWorkflow } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { type Files, inProject, PLAIN, workflow } from './parts/project.ts';

/** `count` workflows, of which each starts those that `children` names for it. */
function graph(count: number, children: (n: number) => readonly number[]): Files {
  const entries = Array.from({ length: count }, (_, n) => {
    const starts = children(n);
    const activities = starts.map((to, i) => `- { id: a${i}, childWorkflow: w${to} }`).join('\n');
    return [`workflows/w${n}.yaml`, workflow(`w${n}`, starts.map((_, i) => `a${i}`).join(), activities)] as const;
  });
  return { ...PLAIN, ...Object.fromEntries(entries) };
}

/** Finding all ways through the second took ten seconds of the host's own thread. */
export const attack: Attack = {
  claim:
    'workflows that start each other have no plan, and finding out takes no longer with many ways round than with one',
  act: async (world) => {
    const circles = [graph(400, (n) => [(n + 1) % 400]), graph(100, () => Array.from({ length: 60 }, (_, i) => i))];
    for (const files of circles) {
      const began = performance.now();
      await inProject(world, files, async (project) => {
        const { plan, problems } = await compileWorkflow(project, 'w0');
        assert.is(plan, null);
        assert.ok(problems.some(({ code }) => code === 'CHILD_WORKFLOW_CYCLE'));
        assert.ok((await compileWorkflow(project, 'plain')).plan);
      });
      assert.ok(performance.now() - began < LIMIT_MS);
    }
  },
};

/** A second or so where nobody else is at work. */
const LIMIT_MS = 8_000;
