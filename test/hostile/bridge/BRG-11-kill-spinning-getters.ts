import type { Attack } from '../harness/attack.ts';

/** Measured: getters of an error that spin outlived `timeout` and `dispose` where the host read them. */
export const attack: Attack = {
  claim: 'an error whose stack, message, name and code spin is ended inside the isolate, and its cell lives',
  limits: { cpuMs: 200 },
  script: `
    export async function main() {
      const error = new Error('x');
      for (const key of ['stack', 'message', 'name', 'code', 'cause', 'constructor']) Object.defineProperty(error, key, { get() { for (;;); } });
      throw error;
    }`,
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
