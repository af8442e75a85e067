import * as assert from 'uvu/assert';
import { compileScript } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { inProject, PLAIN } from '../yaml/parts/project.ts';

const FILES = {
  ...PLAIN,
  'package.json': '{ "dependencies": { "half": "^1.0.0" } }',
  'node_modules/half/package.json': '{ "name": "half", "exports": { ".": { "import": "./i.mjs" } } }',
  'node_modules/half/i.mjs': 'export const half = (n) => n / 2;',
  'activities/shared/add.ts':
    'export enum By { One = 1 }\nexport const add = (n: number, by: By = By.One): number => n + by;',
  'activities/shared/rates.json': '{ "__proto__": 1, "vat": 19 }',
  'activities/constructor.ts': "export * as all from './__proto__';",
  'activities/__proto__.ts': 'export const toString = 7;',
  'activities/sum.ts': `import { half } from 'half';
import type { Missing } from 'only-types';
import { main as read } from '@aidbox-billing/fhir/read';
import { all } from './constructor.ts';
import { add } from './shared/add.js';
import rates from './shared/rates.json' with { type: 'json' };
export const description = 'sums';
export async function main(input: Missing): Promise<unknown[]> {
  return [half(42), add(1), rates.vat, all.toString, await read(), (await import('./shared/add')).add(2)];
}`,
};

/** Names of prototypes are names like others. */
export const attack: Attack = {
  claim: 'an ordinary project of several files, JSON, packages, built-ins and types only builds and runs',
  act: (world) =>
    inProject(world, FILES, async (project) => {
      const built = await compileScript(project, 'activities/sum.ts');
      assert.equal(built.problems, []);
      if (!built.ok) return;
      const call = `\nasync function main() { return (${built.bundle.code})($cloister).main({}); }`;
      const outcome = await world.unbuilt(call);
      assert.equal(outcome.ok ? outcome.output : outcome, [21, 2, 19, 7, 1, 3]);
    }),
};
