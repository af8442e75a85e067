import * as assert from 'uvu/assert';
import { resolve } from '../../../host/temporal/workflows/template.ts';
import { compileWorkflow } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { inProject, PLAIN } from './parts/project.ts';

/** JSON is YAML. */
const PARAMS =
  '{"constructor":{"prototype":{"admin":true}},"toString":1,"then":2,"hasOwnProperty":3,"valueOf":4,"length":5}';

const TEXT = `id: w
name: w
input: { constructor: string }
rootChildren: [constructor]
activities: [{ id: constructor, script: ./activities/a.ts, params: ${PARAMS} }]
`;

export const attack: Attack = {
  claim: 'keys that objects are born with are ordinary data of params and input, and read as such',
  act: (world) =>
    inProject(world, { ...PLAIN, 'workflows/w.yaml': TEXT }, async (project) => {
      const { plan, problems } = await compileWorkflow(project, 'w');
      assert.equal(problems, []);
      const template = plan?.activities[0]?.params;
      if (!template) throw new Error('there is no plan');
      assert.is(JSON.stringify(resolve(template, { input: {}, outputs: new Map() })), PARAMS);
    }),
};
