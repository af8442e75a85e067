import type { Attack } from '../harness/attack.ts';

/** A loop that never gives the isolate back: nothing is answered, and the queue does not grow. */
export const attack: Attack = {
  claim: 'an endless loop of calls is ended by its CPU time, with no more calls than allowed',
  limits: { cpuMs: 200 },
  script:
    "export async function main() { for (;;) $cloister.call('probe.echo', { a: 'x'.repeat(1_000) }).catch(() => 0); }",
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
  after: ({ probe }) => {
    if (probe.calls.length > 10) throw new Error(`${probe.calls.length} calls`);
  },
};
