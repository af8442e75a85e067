import type { Attack } from '../harness/attack.ts';

/** The same on the prototypes of what else could carry options. */
export const attack: Attack = {
  claim: 'options planted on the prototypes of functions, arrays, promises and strings change nothing of an answer',
  script: `
    export async function main() {
      const { call, log } = $cloister;
      for (const { prototype } of [Function, Array, Promise, String, Number, Error, Map]) {
        for (const name of ['reference', 'externalCopy', 'copy', 'promise', 'timeout', 'result', 'arguments', 'applySync', 'apply']) {
          try { prototype[name] = true; } catch {}
        }
      }
      log('info', 'x', {});
      const answers = [await call('probe.echo', { id: 'x' }), await call('probe.echo', [1]), await call('probe.fail', 1).catch(({ code }) => code)];
      return answers;
    }`,
  returns: [{ id: 'x' }, [1], 'FAILED'],
};
