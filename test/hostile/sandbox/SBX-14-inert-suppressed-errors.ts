import type { Attack } from '../harness/attack.ts';

/** vm2, GHSA-55hx-c926-fr95: errors that the engine wraps in a SuppressedError or AggregateError went unseen by the sandbox. */
export const attack: Attack = {
  claim: 'errors of calls inside wrapped errors are of the realm, and show nothing of the host',
  script: `
    export async function main() {
      const fail = globalThis.fail = () => $cloister.call('probe.fail', 'aggregate');
      const errors = [];
      const stack = new AsyncDisposableStack();
      stack.defer(fail);
      stack.defer(() => { throw null; });
      stack.defer(() => { const error = new Error(); error.name = Symbol(); error.stack; });
      await stack.disposeAsync().catch((error) => errors.push(error));
      await Promise.any([fail(), fail()]).catch((error) => errors.push(error));
      await (0, eval)('(async () => { await using a = { [Symbol.asyncDispose]: fail }; throw null; })')().catch((error) => errors.push(error));
      const parts = (error) => (error && typeof error === 'object' ? [error, ...[error.error, error.suppressed, error.cause, ...(error.errors ?? [])].flatMap(parts)] : []);
      const all = errors.flatMap(parts);
      return [all.length > 6, all.every((error) => error instanceof Error && error.constructor.constructor === Function), all.filter((error) => /postgres|node:/.test(error.stack + error.message)).length];
    }`,
  returns: [true, true, 0],
};
