import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a cell that has more calls open than its run may is ended',
  forged: true,
  script:
    "async function attack(run) { for (let i = 0; i < 100; i++) void call(run.id, 'probe.wait', '500'); await pause(5_000); }",
  fails: ['SCRIPT_KILLED'],
  cell: ['protocol'],
  after: ({ probe }) => {
    if (probe.mostOpen > 10) throw new Error(`${probe.mostOpen} calls at once`);
  },
};
