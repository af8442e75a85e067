import type { Attack } from '../harness/attack.ts';

/** Everything that can be reached from what a script has, getters, symbols and prototypes included. */
export const attack: Attack = {
  claim: 'nothing reachable is a handle of isolated-vm, and all of it descends from the Object of the realm',
  limits: { cpuMs: 8_000, wallMs: 10_000 },
  script: `
    import * as cloister from 'cloister';
    export async function main(t) {
      const error = await $cloister.call('probe.fail', 'x').catch((each) => each);
      const sites = [];
      Error.prepareStackTrace = (_, frames) => { sites.push(...frames); return ''; };
      void new Error('x').stack;
      const roots = { globalThis, cloister: { ...cloister }, core: $cloister, t, error, sites, main, call: $cloister.call('probe.echo', 1),
        timer: setTimeout(() => 0, 1), db: cloister.db.from('notes').select(), response: await fetch(t.allowed + '/echo'), signal: AbortSignal.timeout(9) };
      const names = new Set(['Reference', 'ExternalCopy', 'Callback', 'Isolate', 'Context', 'Module', 'NativeModule', 'Script', 'Dereference', 'Inspector']);
      const methods = ['applySync', 'applyIgnored', 'applySyncPromise', 'derefInto', 'copySync', 'copyInto', 'evalSync', 'getSync', 'createContextSync'];
      const attempt = (f) => { try { return f(); } catch { return undefined; } };
      const seen = new Set(), odd = [], queue = Object.entries(roots).map(([name, value]) => [value, name]);
      for (let next; (next = queue.pop()); ) {
        const [value, path] = next;
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
        seen.add(value);
        const name = attempt(() => (typeof value === 'function' ? value.name : value.constructor?.name));
        if (names.has(name) || methods.some((each) => attempt(() => each in value))) odd.push(path);
        let root = value;
        for (let up; (up = Object.getPrototypeOf(root)); ) root = up;
        if (root !== Object.prototype && Object.getPrototypeOf(value) !== null) odd.push(path + ' of another realm');
        queue.push([Object.getPrototypeOf(value), path + '.__proto__']);
        for (const key of Reflect.ownKeys(value)) {
          const { value: held, get, set } = Object.getOwnPropertyDescriptor(value, key) ?? {};
          for (const part of [held, get, set, get && attempt(() => value[key])]) queue.push([part, path + '.' + String(key)]);
        }
      }
      return [seen.size > 900, odd];
    }`,
  returns: [true, []],
};
