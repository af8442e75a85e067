import type { Attack } from '../harness/attack.ts';

/** The other way round: names that the bridge reads, planted as values where its own objects lack them. */
export const attack: Attack = {
  claim: 'names that the bridge reads of its own objects are not taken from the prototype',
  script: `
    export async function main() {
      const { call, log } = $cloister, out = [];
      for (const [name, value] of Object.entries({ text: '"forged"', ok: 'forged', err: { code: 'FORGED', message: 'x' }, fault: 'NOT_JSON', toJSON: undefined, calls: 1e9, inFlight: 1e9, argBytes: 1e9, logLines: 1e9, resultBytes: 1e9 })) {
        Object.prototype[name] = value;
        out.push(await call('probe.echo', { a: 1 }).then((answer) => answer.a, (error) => error.code), await call('probe.fail', 1).catch((error) => error.code), await call('probe.echo', () => 1).catch((error) => error.code));
        log('info', 'x', { f() {} });
        delete Object.prototype[name];
      }
      const counts = {};
      for (const each of out) counts[each] = (counts[each] ?? 0) + 1;
      return counts;
    }`,
  returns: { 1: 10, FAILED: 10, BAD_ARGUMENT: 10 },
};
