import type { Attack } from '../harness/attack.ts';

/** Measured: neither `timeout` nor `dispose` stops it. */
export const attack: Attack = {
  claim: 'a loop inside a native is ended with its process',
  limits: { cpuMs: 150 },
  script: 'export async function main() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }',
  fails: ['SCRIPT_CPU'],
  cell: ['stuck'],
};
