import type { Attack } from '../harness/attack.ts';

/** A parser that recurses ends its process; a text a million levels deep costs the attacker nothing. */
export const attack: Attack = {
  claim: 'an argument a million levels deep is TOO_DEEP, from objects, also from getters without end',
  limits: { cpuMs: 8_000, wallMs: 20_000 },
  script: `
    export async function main() {
      let list = [], object = {};
      for (let i = 0; i < 1e6; i++) { list = [list]; if (i < 1e5) object = { a: object }; }
      const endless = () => ({ get a() { return endless(); } });
      let edge = [];
      for (let i = 0; i < 256; i++) edge = [edge];
      const codes = await Promise.all([list, object, endless(), edge, edge[0]].map((value) => $cloister.call('probe.echo', value).then(() => 'ok', (error) => error.code)));
      return codes;
    }`,
  returns: ['TOO_DEEP', 'TOO_DEEP', 'TOO_DEEP', 'TOO_DEEP', 'ok'],
};
