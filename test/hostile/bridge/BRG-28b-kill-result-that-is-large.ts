import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a cell that tells of a result of 15 MB, or one too deep, is not believed',
  forged: true,
  limits: { wallMs: 8_000 },
  script: "async function attack() { return 'x'.repeat(15e6); }",
  fails: ['RESULT_TOO_LARGE', 'SCRIPT_KILLED'],
};
