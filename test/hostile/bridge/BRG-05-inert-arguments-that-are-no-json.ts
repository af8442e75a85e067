import type { Attack } from '../harness/attack.ts';

/** Strict JSON: what would be lost in silence is refused. */
export const attack: Attack = {
  claim: 'an argument that JSON cannot hold is BAD_ARGUMENT, wherever in it that is',
  script: `
    export async function main() {
      const bad = [() => 1, Symbol('s'), 1n, Object(1n), NaN, Infinity, -Infinity, new Map([[1, 2]]), new Set([1]), Promise.resolve(1), { toJSON() { throw new Error('x'); } }, { get a() { throw null; } },
        new Proxy({}, { ownKeys() { throw 1; } }), Proxy.revocable({}, {}), { toJSON: () => () => 1 }];
      bad[13].revoke(); bad[13] = bad[13].proxy;
      const places = [(value) => value, (value) => ({ value }), (value) => [[value]]];
      const codes = await Promise.all(bad.flatMap((value) => places.map((place) => $cloister.call('probe.echo', place(value)).then(() => 'accepted ' + typeof value, (error) => error.code))));
      return [...new Set(codes)];
    }`,
  returns: ['BAD_ARGUMENT'],
};
