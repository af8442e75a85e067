import type { Attack } from '../harness/attack.ts';

/** vm2#116, and isolated-vm's own tests/microtask-timeout.js: microtasks that never end kept the thread past every timeout. */
export const attack: Attack = {
  claim: 'microtasks without end are ended by their CPU time, and the cell lives',
  limits: { cpuMs: 150 },
  script: `
    export async function main() {
      const bad = () => Promise.resolve().then(bad);
      void bad();
      void (async () => { for (;;) await 0; })();
      for (;;) await null;
    }`,
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
