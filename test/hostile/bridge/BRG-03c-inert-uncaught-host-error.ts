import type { Attack } from '../harness/attack.ts';

/** The same where nobody catches it: it becomes the error of the run, which people and other systems read. */
export const attack: Attack = {
  claim: 'an error of the host that the script does not catch ends the run with the safe text',
  script: "export async function main() { await $cloister.call('probe.fail', 'system'); }",
  fails: ['SCRIPT_ERROR'],
  after: ({ outcomes: [outcome] }) => {
    if (
      !outcome ||
      outcome.ok ||
      outcome.message !== 'probe.fail failed' ||
      /probe\.ts|node:|postgres/.test(outcome.stack ?? '')
    ) {
      throw new Error(`ended with ${JSON.stringify(outcome)}`);
    }
  },
};
