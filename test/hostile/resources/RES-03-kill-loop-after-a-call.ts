import type { Attack } from '../harness/attack.ts';

/** Measured, and isolated-vm#185, #475, #518: the timeout of an entry says nothing of what runs after an awaited call. */
export const attack: Attack = {
  claim: 'an endless loop after an awaited call is ended by its CPU time',
  limits: { cpuMs: 150 },
  script: "export async function main() { await $cloister.call('probe.echo', 1); for (;;); }",
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
