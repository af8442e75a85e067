import * as assert from 'uvu/assert';
import { compileWorkflow } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { inProject, PLAIN } from './parts/project.ts';

const READINGS: readonly (readonly [text: string, value: string | number | boolean | null])[] = [
  ['NO', 'NO'],
  ['on', 'on'],
  ['012', 12],
  ['0o14', 12],
  ['1:30', '1:30'],
  ['1_000', '1_000'],
  ['2024-01-01', '2024-01-01'],
  ['0x10', 16],
  ['~', null],
  ['True', true],
  ['"\\u0041\\x42"', 'AB'],
  ["'it''s'", "it's"],
  ['=', '='],
  ['0b11', '0b11'],
  ['+1', 1],
];

export const attack: Attack = {
  claim: 'what YAML versions read in several ways is read as YAML 1.2 core does',
  act: (world) => {
    const params = READINGS.map(([text], n) => `p${n}: ${text}`).join(', ');
    const text = `id: w\nname: w\nrootChildren: [a]\nactivities: [{ id: a, script: ./activities/a.ts, params: { ${params} } }]`;
    return inProject(world, { ...PLAIN, 'workflows/w.yaml': text }, async (project) => {
      const { plan } = await compileWorkflow(project, 'w');
      const values = plan?.activities[0]?.params.entries.map(([, value]) => value.kind === 'literal' && value.value);
      assert.equal(
        values,
        READINGS.map(([, value]) => value),
      );
    });
  },
};
