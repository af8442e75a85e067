import type { Attack } from '../harness/attack.ts';

/** vm2, CVE-2026-44000: what a promise of the host resolves to kept its identity. A `then` on every object sees the answers. */
export const attack: Attack = {
  claim: 'a `then` planted on every object gets answers of the realm, and nothing of the host',
  script: `
    export async function main() {
      const { call } = $cloister, seen = [];
      const first = await call('probe.echo', { a: 1 });
      Object.defineProperty(Object.prototype, 'then', { configurable: true, get() { seen.push(Object.getPrototypeOf(this) === Object.prototype || this instanceof Error || this instanceof Promise || this === Object.prototype); return undefined; } });
      const second = await call('probe.echo', { a: 2 });
      const failed = await call('probe.fail', 1).catch((error) => error.code);
      delete Object.prototype.then;
      return [first, second, failed, seen.length > 0, seen.every(Boolean)];
    }`,
  returns: [{ a: 1 }, { a: 2 }, 'FAILED', true, true],
};
