import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a run that only waits, timer after timer, is ended by its wall limit, and its cell lives',
  limits: { wallMs: 300 },
  script:
    'export async function main() { setInterval(() => 0, 5); for (;;) await new Promise((resolve) => setTimeout(resolve, 1)); }',
  fails: ['SCRIPT_WALL'],
  cell: 'lives',
};
