import type { Attack } from '../harness/attack.ts';

/** Measured: arithmetic on huge integers knows no interrupt. */
export const attack: Attack = {
  claim: 'the text of a huge integer is ended, with its process if need be',
  limits: { cpuMs: 150 },
  script: 'export async function main() { return (1n << (1n << 27n)).toString().length; }',
};
