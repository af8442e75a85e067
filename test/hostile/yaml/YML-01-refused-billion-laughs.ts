// 308 bytes become 269 MB: nodeca/js-yaml#742.
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { laughs, YAML_FILES } from './parts/bombs.ts';
import { inProject, PLAIN, problemsOf } from './parts/project.ts';

export const attack: Attack = {
  claim: 'aliases that multiply end at the cap on values, in every file of a project that is YAML',
  act: async (world) => {
    for (const path of YAML_FILES) {
      await inProject(world, { ...PLAIN, [path]: laughs(9) }, async (project) => {
        const found = (await problemsOf(world, project)).filter((line) => line.startsWith(path)).join('\n');
        assert.match(found, /error YAML_SYNTAX document: found more than 20000 values/);
      });
    }
  },
};
