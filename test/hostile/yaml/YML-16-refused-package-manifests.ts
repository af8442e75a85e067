import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inProject, PLAIN, problemsOf } from './parts/project.ts';

const DEEP = 100_000;
const CASES: readonly (readonly [string, RegExp | null])[] = [
  ['no JSON', /package\.json:1:1 error YAML_SYNTAX/],
  ['[]', /FIELD_TYPE package/],
  ['"x"', /FIELD_TYPE package/],
  ['{"dependencies": []}', /FIELD_TYPE package dependencies/],
  ['{"dependencies": "x"}', /FIELD_TYPE package dependencies/],
  [`{"dependencies": ${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`, /package\.json/],
  [`${'{"dependencies":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`, null],
  [`{"dependencies": {${Array.from({ length: 50_000 }, (_, n) => `"p${n}":"*"`).join()}}}`, null],
  ['{"__proto__": {"dependencies": {"x": "1"}}, "constructor": {"prototype": {"x": 1}}}', null],
];

export const attack: Attack = {
  claim: 'a package.json of a project that is none is told and stops nothing, however deep or long it is',
  act: async (world) => {
    for (const [text, expected] of CASES) {
      await inProject(world, { ...PLAIN, 'package.json': text }, async (project) => {
        const found = (await problemsOf(world, project)).join('\n');
        if (expected) assert.match(found, expected, text.slice(0, 80));
        else assert.is(found, '', text.slice(0, 80));
        assert.not(project.packages.has('toString'));
      });
    }
  },
};
