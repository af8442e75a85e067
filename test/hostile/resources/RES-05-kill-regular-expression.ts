import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a regular expression that backtracks without end is ended, and its cell lives',
  limits: { cpuMs: 150 },
  script: "export async function main() { return /^(a+)+$/.test('a'.repeat(60) + '!'); }",
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
