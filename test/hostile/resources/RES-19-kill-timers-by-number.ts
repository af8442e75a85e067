import type { Attack } from '../harness/attack.ts';

/** Each timer costs the cell a message and a handle. */
export const attack: Attack = {
  claim: 'a million timers end the run at 20,000, and leave no handle behind',
  limits: { cpuMs: 4_000, wallMs: 8_000 },
  script: 'export async function main() { for (let i = 0; i < 1e6; i++) setTimeout(() => 0, 1e6); }',
  fails: ['SCRIPT_ERROR'],
  cell: 'lives',
};
