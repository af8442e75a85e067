import type { Attack } from '../harness/attack.ts';

/** Whatever comes over the bridge is made in the realm of the script, its constructors included. */
export const attack: Attack = {
  claim: 'promises, answers and errors of calls have the constructors of the realm of the script',
  script: `
    export async function main(t) {
      const promise = $cloister.call('probe.echo', { list: [1], text: 'x' });
      const answer = await promise;
      const error = await $cloister.call('probe.fail', 'x').catch((each) => each);
      const refused = await $cloister.call('no.such', {}).catch((each) => each);
      return [
        promise.constructor === Promise, answer.constructor === Object, answer.list.constructor === Array, t.constructor === Object,
        error.constructor === Error, refused.constructor === Error, Object.getPrototypeOf(error) === Error.prototype,
        error.constructor.constructor === Function, Reflect.ownKeys(error).join(), error.constructor.constructor('return this')() === globalThis,
      ];
    }`,
  returns: [true, true, true, true, true, true, true, true, 'stack,message,code', true],
};
