import * as assert from 'uvu/assert';
import { compileWorkflow } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { lines } from './parts/bombs.ts';
import { inProject, PLAIN, problemsOf } from './parts/project.ts';

const COUNT = 600;

const activity = (n: number): string => `  - id: step-${n}
    name: "Step ${n}: höher, weiter – ✓"
    script: ${n % 2 ? './activities/a.ts' : '"@aidbox-billing/fhir/read"'}
    params: { patient: $input.patient, before: ${n > 0 ? `$activities.step-${Math.floor((n - 1) / 4)}.output.value` : 'none'}, codes: *codes }
    retries: 3
    timeout: 30s
    backoff: { initial: 1s, coefficient: 2, max: 10s }
    applicability: [true]
    children: [${[1, 2, 3, 4]
      .map((i) => 4 * n + i)
      .filter((i) => i < COUNT)
      .map((i) => `step-${i}`)
      .join(', ')}]`;

/** With comments, an anchor, block text and everything that an activity may have. */
const TEXT = `# A large workflow.
id: large
name: Large
description: |
  Several lines
  of text.
input: { patient: string, codes: any }
execution: parallel
capabilities: [fhir, log]
env: &codes [A, B]
rootChildren: [step-0]
activities:
${lines(COUNT, activity)}
`;

export const attack: Attack = {
  claim: `an ordinary workflow of ${COUNT} activities compiles without a problem`,
  act: (world) =>
    inProject(world, { ...PLAIN, 'workflows/large.yaml': TEXT }, async (project) => {
      assert.equal(await problemsOf(world, project), []);
      const { plan } = await compileWorkflow(project, 'large');
      assert.is(plan?.activities.length, COUNT);
    }),
};
