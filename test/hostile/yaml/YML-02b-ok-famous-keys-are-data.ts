import * as assert from 'uvu/assert';
import { resolve } from '../../../host/temporal/workflows/template.ts';
import { compileWorkflow } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { inProject, PLAIN } from './parts/project.ts';

const PARAMS =
  '{ constructor: { prototype: { admin: true } }, toString: 1, then: 2, hasOwnProperty: 3, valueOf: 4, length: 5 }';

export const attack: Attack = {
  claim: 'keys that objects are born with are ordinary data of params and input, and read as such',
  act: (world) => {
    const text = `id: w\nname: w\ninput: { constructor: string }\nrootChildren: [constructor]\nactivities: [{ id: constructor, script: ./activities/a.ts, params: ${PARAMS} }]\n`;
    return inProject(world, { ...PLAIN, 'workflows/w.yaml': text }, async (project) => {
      const { plan, problems } = await compileWorkflow(project, 'w');
      assert.equal(problems, []);
      const value = resolve(plan?.activities[0]?.params ?? { kind: 'literal', value: null }, {
        input: {},
        outputs: new Map(),
      });
      const expected = {
        constructor: { prototype: { admin: true } },
        toString: 1,
        then: 2,
        hasOwnProperty: 3,
        valueOf: 4,
        length: 5,
      };
      assert.equal(JSON.stringify(value), JSON.stringify(expected));
    });
  },
};
