import type { Attack } from '../harness/attack.ts';

/** The text of an error crosses at the end of a run. */
export const attack: Attack = {
  claim: 'an error with 500 MB of message, stack, name and code comes out short',
  limits: { cpuMs: 4_000, wallMs: 15_000 },
  script: `
    export async function main() {
      const rope = 'x'.repeat(5e8);
      const error = new Error('short');
      for (const key of ['message', 'stack', 'name', 'code']) Object.defineProperty(error, key, { value: rope });
      throw error;
    }`,
  fails: ['SCRIPT_ERROR', 'SCRIPT_MEMORY'],
  after: ({ outcomes }) => {
    if (JSON.stringify(outcomes).length > 20_000) throw new Error('the error is long');
  },
};
