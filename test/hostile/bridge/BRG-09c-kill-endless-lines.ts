import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an endless loop of lines is ended by its CPU time, with no more lines than allowed',
  limits: { cpuMs: 300 },
  script: "import { log } from 'cloister'; export async function main() { for (;;) log.info('x', { a: 1 }); }",
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
  after: ({ lines }) => {
    if (lines.length > 1_001) throw new Error(`${lines.length} lines`);
  },
};
