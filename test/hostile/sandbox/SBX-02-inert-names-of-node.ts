import type { Attack } from '../harness/attack.ts';

/** Names that Node or another runtime has. */
export const attack: Attack = {
  claim: 'the names by which one reaches Node do not exist',
  script: `
    export async function main() {
      const names = ['require', 'module', 'exports', 'global', 'Buffer', '__dirname', '__filename', 'setImmediate', 'performance', 'WebSocket',
        'Worker', 'Deno', 'Bun', 'ivm', 'isolate', 'XMLHttpRequest', 'ShadowRealm', 'navigator', 'MessageChannel', 'BroadcastChannel', 'EventSource',
        'CompressionStream', 'ReadableStream', 'Request', 'localStorage', 'caches', 'importScripts', 'gc', 'load', 'read', 'print', 'quit', 'd8', 'os'];
      const known = names.filter((name) => (0, eval)('typeof ' + name) !== 'undefined' || name in globalThis);
      let thrown;
      try { (0, eval)("require('fs')"); } catch (error) { thrown = error.constructor === ReferenceError; }
      return [known, thrown];
    }`,
  returns: [[], true],
};
