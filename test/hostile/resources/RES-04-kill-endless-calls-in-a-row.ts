import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'endless cheap calls, one after the other, end with TOO_MANY_CALLS',
  limits: { calls: 300, wallMs: 8_000 },
  script: "export async function main() { for (;;) await $cloister.call('probe.echo', 1); }",
  fails: ['SCRIPT_ERROR'],
  cell: 'lives',
  after: ({ outcomes: [outcome], probe }) => {
    if (!outcome || outcome.ok || !/300 calls/.test(outcome.message) || probe.calls.length !== 300)
      throw new Error(JSON.stringify(outcome));
  },
};
