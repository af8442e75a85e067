import * as assert from 'uvu/assert';
import { parseTenants } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import { laughs } from './parts/bombs.ts';

export const attack: Attack = {
  claim: 'the file of tenants is read with the same caps, and names of prototypes grant nobody anything',
  act: async () => {
    for (const text of [laughs(9), '__proto__: { capabilities: [http] }', '<<: { a: 1 }', 'a: !!js/function x']) {
      assert.throws(() => parseTenants(text), /TENANTS_INVALID|found/);
    }
    const tenants = parseTenants('constructor: { capabilities: [log] }');
    assert.equal(
      [tenants.get('constructor')?.capabilities, tenants.get('toString'), tenants.get('__proto__')],
      [['log'], undefined, undefined],
    );
  },
};
