import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

/** vm2, GHSA-v37h-5mfm-c47c and GHSA-m5q2-4fm3-vfqp: symbols by which Node asks an object how to print or await it. */
export const attack: Attack = {
  claim: 'symbols of Node on an error, a result or a line are never asked by the host',
  act: async ({ script, lines }) => {
    const hooks = `const asked = () => { for (;;); };
      const odd = () => Object.assign(new Error('odd'), Object.fromEntries(['nodejs.util.inspect.custom', 'nodejs.rejection', 'nodejs.util.promisify.custom', 'nodejs.dispose', 'nodejs.stream.destroy']
        .map((name) => [Symbol.for(name), asked])));`;
    const returned = await script(
      `${hooks} export async function main() { $cloister.log('info', 'x', odd()); console.log(odd()); return odd(); }`,
    );
    assert.equal(returned.ok && returned.output, {});
    const thrown = await script(`${hooks} export async function main() { throw odd(); }`);
    assert.is(thrown.ok || thrown.message, 'odd');
    assert.is(lines.length, 2);
  },
};
