import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an error that is a proxy with spinning traps is ended inside the isolate, and its cell lives',
  limits: { cpuMs: 200 },
  script: `
    export async function main() {
      const spin = () => { for (;;); };
      throw new Proxy(new Error('x'), { get: spin, has: spin, ownKeys: spin, getPrototypeOf: spin, getOwnPropertyDescriptor: spin });
    }`,
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
