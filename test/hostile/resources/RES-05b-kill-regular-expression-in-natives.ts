import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'backtracking inside split, replace and matchAll, with look-behinds and references, is ended',
  limits: { cpuMs: 150 },
  script:
    "export async function main() { return ['b', 'a'.repeat(60) + '!'].map((text) => text.split(/(?<=^(\\\\w+\\\\s?)*)$|(x+x+)+y|^(?:(a|aa)+\\\\1?)+$/u).length); }",
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
