import type { Attack } from '../harness/attack.ts';

/** Names that every object has, where somebody looks up a method by its name. */
export const attack: Attack = {
  claim: 'names that an object has by itself, and near misses of real ones, are UNKNOWN_METHOD',
  script: `
    export async function main() {
      const names = ['constructor', 'toString', '__proto__', 'then', 'hasOwnProperty', 'valueOf', 'probe', 'probe.', '.echo', 'probe.echo.x', 'probe.constructor', 'probe.__proto__', 'Probe.echo', 'probe.Echo', ' probe.echo',
        'probe.echo\\u0000', 'probe.echo\\n', '', 'a'.repeat(1e5), 'fhir.constructor', 'db.toString', 'http.__proto__', 'log.then', 'process.exit', '0', undefined, null, 1, {}, [], ['probe', 'echo'], Symbol.iterator];
      const codes = await Promise.all(names.map(async (name) => $cloister.call(name, {}).then(() => 'accepted ' + String(name), (error) => (error instanceof TypeError ? 'UNKNOWN_METHOD' : error.code))));
      return [...new Set(codes)];
    }`,
  returns: ['UNKNOWN_METHOD'],
  after: ({ probe }) => {
    if (probe.calls.length > 0) throw new Error('it reached a capability');
  },
};
