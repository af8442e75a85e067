import type { Attack } from '../harness/attack.ts';

/** vm2 #138, CVE-2023-29017 and their heirs: an error of the host reaches the script, with what it knows. */
export const attack: Attack = {
  claim: 'whatever a capability throws, the script gets a code of the table and a safe text',
  script: `
    export async function main() {
      const out = {};
      for (const kind of ['plain', 'system', 'borrowed code', 'cause', 'aggregate', 'text', 'object', 'nothing', 'refusal with a cause']) {
        const error = await $cloister.call('probe.fail', kind).catch((each) => each);
        out[kind] = [error.code, error.message, error.cause ?? null, Object.keys(error).join()];
      }
      return out;
    }`,
  returns: {
    ...Object.fromEntries(
      ['plain', 'system', 'borrowed code', 'cause', 'aggregate', 'text', 'object', 'nothing'].map((kind) => [
        kind,
        ['FAILED', 'probe.fail failed', null, 'code'],
      ]),
    ),
    'refusal with a cause': ['DENIED', 'not granted', null, 'code'],
  },
};
