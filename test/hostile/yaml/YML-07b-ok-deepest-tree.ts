import * as assert from 'uvu/assert';
import { compileWorkflow } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { lines } from './parts/bombs.ts';
import { inProject, PLAIN, workflow } from './parts/project.ts';

const DEPTH = 1_900;

/** A tree is as deep as it has activities; nothing that walks it may do so by recursion. */
export const attack: Attack = {
  claim:
    'a row of activities, each the only child of the one before, compiles; a nesting of ten thousand is over the limit',
  act: (world) => {
    const row = lines(
      DEPTH,
      (n) => `- {id: a${n}, script: ./activities/a.ts${n < DEPTH - 1 ? `, children: [a${n + 1}]` : ''}}`,
    );
    const files = { ...PLAIN, 'workflows/w.yaml': workflow('w', 'a0', row) };
    return inProject(world, files, async (project) => {
      const { plan, problems } = await compileWorkflow(project, 'w');
      assert.equal(problems, []);
      assert.is(plan?.activities.length, DEPTH);
      assert.is(plan?.activities.at(-1)?.id, `a${DEPTH - 1}`);
    });
  },
};
