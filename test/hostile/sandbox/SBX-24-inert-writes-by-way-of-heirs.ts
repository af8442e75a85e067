import type { Attack } from '../harness/attack.ts';

/** vm2, GHSA-c4cf-2hgv-2qv6: a write to an heir of a host object went through to the object. */
export const attack: Attack = {
  claim: 'what the host gives a script cannot be changed, also not by way of heirs, receivers or setters',
  script: `
    import { env, run } from 'cloister';
    export async function main(t) {
      const before = JSON.stringify([run, env]);
      for (const given of [run, env, $cloister, process, process.env]) {
        for (const key of ['id', 'GREETING', 'call', 'env', 'workflow', 'tenant']) {
          const heir = Object.create(given);
          for (const write of [() => { heir[key] = 'x'; }, () => Reflect.set(given, key, 'x', heir), () => Reflect.set(heir, key, 'x', given), () => Reflect.defineProperty(given, key, { value: 'x' }),
            () => Object.assign(given, { [key]: 'x' }), () => given.__defineGetter__?.(key, () => 'x'), () => Object.setPrototypeOf(given, { [key]: 'x' }), () => { delete given[key]; }]) {
            try { write(); } catch {}
          }
        }
      }
      const { tenant, runId } = await $cloister.call('probe.who', { tenant: t.tenant.foreign });
      return [JSON.stringify([run, env]) === before, tenant, runId === run.id];
    }`,
  returns: [true, 'tenant-a', true],
};
