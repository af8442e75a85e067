import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a script that catches TOO_MANY_CALLS and goes on is ended',
  limits: { calls: 5, cpuMs: 150 },
  script: "export async function main() { for (;;) await $cloister.call('probe.echo', 1).catch(() => 0); }",
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
