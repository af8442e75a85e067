import type { Attack } from '../harness/attack.ts';

/** isolated-vm#318: while a script waits for the host, no time limit of the isolate's runs. */
export const attack: Attack = {
  claim: 'a run that waits for a call is ended by its wall limit, and its cell lives',
  limits: { wallMs: 300 },
  script: "export async function main() { await $cloister.call('probe.wait', 60_000); }",
  fails: ['SCRIPT_WALL'],
  cell: 'lives',
};
