import type { Attack } from '../harness/attack.ts';

/** The other texts that cross: names of methods, levels and lines. */
export const attack: Attack = {
  claim: 'a string of 500 MB as method, level or line is cut before it crosses',
  limits: { cpuMs: 4_000, wallMs: 15_000 },
  script: `
    export async function main() {
      const rope = 'x'.repeat(5e8);
      const code = await $cloister.call(rope, 1).catch((error) => error.code);
      $cloister.log('info', rope, 1);
      $cloister.log('info', 'x', rope);
      $cloister.log(rope, 'x', 1);
      console.log(rope);
      return code;
    }`,
  returns: 'UNKNOWN_METHOD',
  after: ({ lines }) => {
    if (lines.length !== 3 || lines.some((line) => JSON.stringify(line).length > 9_000))
      throw new Error(`${lines.length} lines`);
  },
};
