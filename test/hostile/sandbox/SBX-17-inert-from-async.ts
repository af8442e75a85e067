import type { Attack } from '../harness/attack.ts';

/** vm2#562: `Array.fromAsync` made a promise of the host, whose `catch` handed over an error of the host. */
export const attack: Attack = {
  claim: 'promises and errors of `Array.fromAsync`, `Promise.try` and async iteration are of the realm',
  script: `
    export async function main() {
      Error.prepareStackTrace = undefined;
      const fail = () => { const error = new Error(); error.name = Symbol(); return { then: () => error.stack.x.y }; };
      const promises = [Array.fromAsync([0], fail), Promise.try(fail), (async () => { for await (const _ of [fail()]); })(), Array.fromAsync({ [Symbol.asyncIterator]: fail }),
        Array.fromAsync([$cloister.call('probe.fail', 1)])];
      const errors = await Promise.all(promises.map((each) => each.catch((error) => error)));
      return [promises.every((each) => each.constructor === Promise), errors.every((error) => error instanceof Error && error.constructor.constructor === Function)];
    }`,
  returns: [true, true],
};
