import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const tell = (ended: string): string => `async function attack(run) {
  await send({ t: 'end', id: run.id, ended: ${ended}, usage });
  await send({ t: 'gone', id: run.id });
  await pause(1e6);
}`;

const TOLD = [
  ["{ ok: true, output: 'no json {' }", 'RESULT_NOT_JSON'],
  ["{ ok: true, output: '' }", 'RESULT_NOT_JSON'],
  [
    "{ ok: false, code: 'SCRIPT_ERROR', message: 'x'.repeat(5e6), stack: 'at f (bundle:1:1)\\n'.repeat(1e5), thrownCode: 'y'.repeat(1e6) }",
    'SCRIPT_ERROR',
  ],
  [
    "{ ok: false, code: 'SCRIPT_ERROR', message: 'm', stack: 'at main (/etc/passwd:1:1)', thrownCode: 'DENIED' }",
    'SCRIPT_ERROR',
  ],
] as const;

/** The outcome is text of a process that is not trusted. */
export const attack: Attack = {
  claim: 'an outcome that is no JSON, or long, or that forges a stack, is an outcome of the script, cut to size',
  act: async ({ forged }) => {
    for (const [ended, code] of TOLD) {
      const outcome = await forged(tell(ended));
      assert.is(outcome.ok || outcome.code, code, ended.slice(0, 80));
      assert.ok(JSON.stringify(outcome).length < 20_000, `${JSON.stringify(outcome).length} characters`);
      if (!outcome.ok) assert.not.match(outcome.stack ?? '', /passwd/);
    }
  },
};
