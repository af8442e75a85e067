import type { Attack } from '../harness/attack.ts';

/** The result is out in the middle of microtasks that go on. */
export const attack: Attack = {
  claim: 'microtasks that go on after the result do not keep the thread',
  script: `
    export async function main() {
      const on = () => Promise.resolve().then(on);
      queueMicrotask(on);
      return 'out';
    }`,
  returns: 'out',
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
