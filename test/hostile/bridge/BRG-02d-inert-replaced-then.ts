import type { Attack } from '../harness/attack.ts';

/** The language itself calls `then` when the promise of `main` becomes that of the run. */
export const attack: Attack = {
  claim: "a replaced `then` sees calls of its own realm, and decides about nothing but the script's own result",
  script: `
    export async function main() {
      const native = Promise.prototype.then, seen = [], call = $cloister.call;
      const answers = [call('probe.echo', 'secret of the call'), call('probe.who', {})];
      Promise.prototype.then = function (...callbacks) {
        seen.push(...callbacks.filter((each) => each !== undefined && each.constructor !== Function), this instanceof Promise ? 'promise' : 'other');
        return native.apply(this, callbacks.length > 1 ? [() => callbacks[0]({ seen }), callbacks[1]] : callbacks);
      };
      for (const answer of answers) await answer;
      return 'the honest result';
    }`,
  returns: { seen: ['promise'] },
};
