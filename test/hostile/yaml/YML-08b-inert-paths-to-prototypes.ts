// Expressions were code there: n8n GHSA-v98v-ff95-f3cp (CVE-2025-68613), whose first fix a template literal got past;
// vercel/workflow#1025. Here they are paths, and a path sees what the data itself holds.
import * as assert from 'uvu/assert';
import { resolve } from '../../../host/temporal/workflows/template.ts';
import { compileWorkflow } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { inProject, PLAIN, workflow } from './parts/project.ts';

const NOWHERE = [
  ...['constructor', '__proto__', 'prototype', 'constructor.constructor', '__proto__.polluted', 'toString', 'valueOf'],
  ...[
    "constructor('return process')()",
    'list.length',
    'list.map',
    'list.constructor',
    'list.-1',
    'list.01',
    'list.1e0',
  ],
  ...['text.length', 'text.0', 'text.constructor', 'number.toFixed', 'nothing.x', '__defineGetter__', 'hasOwnProperty'],
];

const INPUT = JSON.parse(
  '{ "list": [1], "text": "abc", "number": 1, "nothing": null, "__proto__": { "polluted": 1 } }',
);

/** Text in the manner of other engines is text. */
const LITERAL = [
  '{{ 7 * 7 }}',
  '={{ this.constructor }}',
  '`constructor`',
  '<%= 7 %>',
  '#{7}',
  '$' + '$' + '{7}',
  '__proto__',
];

export const attack: Attack = {
  claim: 'a path of an expression leads to what the data itself holds, and no text is code',
  act: (world) => {
    const paths = NOWHERE.map((path, n) => `p${n}: ${JSON.stringify(`$input.${path}`)}`);
    const texts = LITERAL.map((text, n) => `t${n}: ${JSON.stringify(text)}`);
    const params = `params: { ${[...paths, ...texts].join(', ')} }`;
    const files = {
      ...PLAIN,
      'workflows/w.yaml': workflow('w', 'a', `- { id: a, script: ./activities/a.ts, ${params} }`),
    };
    return inProject(world, files, async (project) => {
      const { plan } = await compileWorkflow(project, 'w');
      const template = plan?.activities[0]?.params;
      if (!template) throw new Error('there is no plan');
      const value = resolve(template, { input: INPUT, outputs: new Map() });
      const expected = Object.fromEntries(LITERAL.map((text, n) => [`t${n}`, text.replace(/^\$\$/, '$')]));
      assert.equal(value, expected);
    });
  },
};
