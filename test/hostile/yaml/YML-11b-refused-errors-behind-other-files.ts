import * as assert from 'uvu/assert';
import { compileWorkflow, listWorkflows } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { lines } from './parts/bombs.ts';
import { inProject, PLAIN, workflow } from './parts/project.ts';

const BAD = workflow('x', Array(1_000).fill('none').join(), '- { id: a, script: ./activities/a.ts }');

/** Half a million problems were half a gigabyte in the host. */
export const attack: Attack = {
  claim: 'a project of very many problems is told ten thousand of them and one of each file, in little memory',
  act: (world) => {
    const files = Object.fromEntries(
      lines(300, (n) => `workflows/a${n}.yaml`)
        .split('\n')
        .map((path) => [path, BAD]),
    );
    const last = workflow('z', 'a', '- { id: a, script: ./activities/a.ts, children: [a] }');
    return inProject(world, { ...PLAIN, ...files, 'workflows/z.yaml': last }, async (project) => {
      const all = listWorkflows(project);
      const count = all.reduce((sum, { problems }) => sum + problems.length, 0);
      assert.ok(count <= 10_000 + all.length, `${count} problems`);
      assert.equal(
        all.filter(({ valid }) => valid).map(({ id }) => id),
        ['plain'],
      );
      assert.is((await compileWorkflow(project, 'z')).plan, null);
    });
  },
};
