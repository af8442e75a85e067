import type { Attack } from '../harness/attack.ts';

/** The same with code of the script that the bridge calls at the bottom of the stack: `toJSON`, getters, `toString`. */
export const attack: Attack = {
  claim: 'a stack overflow in code that the bridge calls is a fault of the argument, in the realm of the script',
  limits: { cpuMs: 3_000 },
  script: `
    export async function main() {
      const dig = () => dig() + 1;
      const values = [{ toJSON: dig }, { get a() { return dig(); } }, new Proxy({}, { ownKeys: dig }), { a: new Proxy([], { get: dig }) }];
      const errors = await Promise.all(values.map((value) => $cloister.call('probe.echo', value).catch((error) => [error.code, error.constructor === Error])));
      const thrown = await $cloister.call({ toString: dig }, 1).catch((error) => error.constructor === RangeError);
      let logged = true;
      try { $cloister.log('info', { toString: dig }, 1); } catch (error) { logged = error.constructor === RangeError; }
      return [errors, thrown, logged];
    }`,
  returns: [Array(4).fill(['TOO_DEEP', true]), true, true],
};
