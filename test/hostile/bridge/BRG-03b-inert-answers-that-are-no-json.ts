import type { Attack } from '../harness/attack.ts';

/** What a capability answers by mistake. */
export const attack: Attack = {
  claim: 'an answer that is no JSON, throws or is too large is a failure without its text',
  script: `
    export async function main() {
      const out = [];
      for (const kind of ['bigint', 'cycle', 'getter', 'large', 'undefined', 'function']) {
        out.push(await $cloister.call('probe.answer', kind).catch((error) => error.code));
      }
      return out;
    }`,
  returns: ['FAILED', 'FAILED', 'FAILED', 'TOO_LARGE', null, null],
};
