import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'of a million lines 1,000 are kept, the last one says so, and the run goes on',
  limits: { cpuMs: 8_000, wallMs: 12_000 },
  script: `
    export async function main() {
      for (let i = 0; i < 1e6; i++) $cloister.log('info', 'line', i);
      console.log('one more');
      return 'on';
    }`,
  returns: 'on',
  after: ({ lines }) => {
    if (lines.length !== 1_001 || !lines.at(-1)?.message.startsWith('LOG_LIMIT'))
      throw new Error(`${lines.length} lines`);
  },
};
