import type { Attack } from '../harness/attack.ts';

/** vm2, GHSA-76w7-j9cq-rx2j: a species on a promise captured what resolves and rejects it. */
export const attack: Attack = {
  claim: 'a species on the promise of a call captures values of the realm only',
  script: `
    export async function main() {
      const captured = [];
      function Fake(executor) { executor((value) => captured.push(value), (error) => captured.push(error)); }
      for (const method of ['probe.echo', 'probe.fail']) {
        const call = $cloister.call(method, { a: 1 });
        call.constructor = { [Symbol.species]: Fake };
        call.then((value) => value);
        call.constructor = Promise;
        call.catch(() => 0);
        let first = true;
        const twice = $cloister.call(method, { a: 1 });
        Object.defineProperty(twice, 'constructor', { configurable: true, get: () => (first ? ((first = false), Promise) : { [Symbol.species]: Fake }) });
        twice.then(() => 0, () => 0);
        Object.defineProperty(twice, 'constructor', { value: Promise });
        twice.catch(() => 0);
        Promise.prototype.then.call(call, () => 0, () => 0);
      }
      Fake.resolve = Promise.resolve; Fake.all = Promise.all; Fake.any = Promise.any;
      const failing = $cloister.call('probe.fail', 1); failing.catch(() => 0); Fake.all([failing]); failing.constructor = Promise; Fake.any([$cloister.call('probe.echo', 1)]);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const known = (value) => typeof value !== 'object' || value instanceof Promise || value.constructor === Object || (value instanceof Error && value.constructor.constructor === Function);
      return [captured.length > 2, captured.filter((value) => !known(value)).length, captured.some((value) => String(value?.message).includes('postgres'))];
    }`,
  returns: [true, 0, false],
};
