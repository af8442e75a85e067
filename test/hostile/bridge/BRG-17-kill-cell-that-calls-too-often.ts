import type { Attack } from '../harness/attack.ts';

/** Somebody has broken out of the isolate: the host counts for itself. */
export const attack: Attack = {
  claim: 'a cell that makes more calls than its run may is ended, before one more reaches a capability',
  forged: true,
  limits: { calls: 20 },
  script:
    "async function attack(run) { for (let i = 0; i < 1_000; i++) await call(run.id, 'probe.echo', '1'); return 'got away'; }",
  fails: ['SCRIPT_KILLED'],
  cell: ['protocol'],
  after: ({ probe }) => {
    if (probe.calls.length !== 20) throw new Error(`${probe.calls.length} calls`);
  },
};
