import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a huge power of an integer is ended, with its process if need be',
  limits: { cpuMs: 150 },
  script: 'export async function main() { return 7n ** 50_000_000n % 10n === 3n; }',
};
