import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

/** Names of the realm that were judged, path → keys. A new engine or library brings others: judge them, then write them here. */
export const SNAPSHOT = join(import.meta.dirname, 'SBX-04-names.json');

/** Walks the realm by own keys; of functions and prototypes the keys that all of them have are left out. */
export const LIST_NAMES = `
  export async function main() {
    const PLAIN = new Set(['length', 'name', 'prototype', 'constructor']);
    for (const name of Reflect.ownKeys(globalThis)) void globalThis[name];
    const hidden = { generator: function* () {}, asyncGenerator: async function* () {}, async: async () => 0, arrayIterator: [].keys(), mapIterator: new Map().keys(),
      setIterator: new Set().keys(), stringIterator: ''[Symbol.iterator](), matches: 'x'.matchAll(/x/g), typed: new Uint8Array(), segments: new Intl.Segmenter().segment('x'),
      wrapped: Iterator.from({ next() {} }), helper: [].values().map((x) => x), arguments: (function () { return arguments; })(), error: new Error('x') };
    const names = {}, seen = new Set();
    let queue = [['globalThis', globalThis], ...Object.entries(hidden)];
    for (let next = []; queue.length > 0; queue = next, next = []) {
      for (const [path, value] of queue) {
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
        seen.add(value);
        const keys = Reflect.ownKeys(value).filter((key) => !PLAIN.has(key));
        if (keys.length > 0) names[path] = keys.map(String).sort().join(' ');
        next.push([path + '.__proto__', Object.getPrototypeOf(value)]);
        for (const key of Reflect.ownKeys(value)) {
          const { value: held, get, set } = Object.getOwnPropertyDescriptor(value, key) ?? {};
          for (const part of [held, get, set]) next.push([path + '.' + String(key), part]);
        }
      }
    }
    return names;
  }`;

export const attack: Attack = {
  claim: 'the names on `globalThis`, and of all that is reachable from it, are the ones that were judged',
  act: async ({ script }) => {
    const outcome = await script(LIST_NAMES, { limits: { cpuMs: 8_000, wallMs: 10_000 } });
    assert.ok(outcome.ok);
    const names = outcome.ok ? (outcome.output as Record<string, string>) : {};
    const judged = JSON.parse(await readFile(SNAPSHOT, 'utf8')) as Record<string, string>;
    const paths = [...new Set([...Object.keys(judged), ...Object.keys(names)])];
    const changed = paths.filter((path) => judged[path] !== names[path]);
    assert.equal(
      changed.map((path) => `${path}: ${judged[path]} → ${names[path]}`),
      [],
    );
  },
};
