import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a line of 10 MB is cut to 8 KB, its data left out, and the run goes on',
  script: `
    import { log } from 'cloister';
    export async function main() {
      log.info('x'.repeat(1e7));
      log.warn('short', { a: 'x'.repeat(1e7) });
      log.error('\\u0001'.repeat(8_192));
      return 'on';
    }`,
  returns: 'on',
  after: ({ lines }) => {
    const sizes = lines.map((line) => JSON.stringify(line).length);
    if (sizes.length !== 3 || Math.max(...sizes) > 18_000) throw new Error(sizes.join());
  },
};
