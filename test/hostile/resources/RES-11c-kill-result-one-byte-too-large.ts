import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

/** Characters are not bytes: the limit is of bytes, as they will lie in the history. */
export const attack: Attack = {
  claim:
    'a result of exactly the limit comes out, one byte more is RESULT_TOO_LARGE, also with characters of two bytes',
  act: async ({ script }) => {
    const limits = { resultBytes: 1_000 };
    const of = (text: string) => script(`export async function main() { return ${text}; }`, { limits });
    assert.ok((await of("'x'.repeat(998)")).ok);
    for (const text of ["'x'.repeat(999)", "'é'.repeat(500)", "'\\u0001'.repeat(200)"]) {
      const outcome = await of(text);
      assert.is(outcome.ok || outcome.code, 'RESULT_TOO_LARGE', text);
    }
  },
};
