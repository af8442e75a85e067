import type { Attack } from '../harness/attack.ts';

/**
 * Found by an attack: within the largest `argBytes` that a project may declare there is room for 1.4 million empty lists. One
 * such call held the host for seconds, so that it took the silence of every cell for its end and blamed the neighbours' scripts.
 */
export const attack: Attack = {
  claim: 'an argument of more than 100,000 values is TOO_LARGE however short its text is, and does not hold the host',
  limits: { argBytes: 4 * 1024 * 1024, cpuMs: 6_000, wallMs: 8_000, heapMb: 256, rssMb: 1_024 },
  script: `
    export async function main() {
      const wide = (count, value) => $cloister.call('probe.echo', new Array(count).fill(value)).then((list) => list.length, (error) => error.code);
      return [await wide(1_300_000, []), await wide(1_300_000, 0), await wide(300_000, {}), await wide(99_000, 0)];
    }`,
  returns: ['TOO_LARGE', 'TOO_LARGE', 'TOO_LARGE', 99_000],
};
