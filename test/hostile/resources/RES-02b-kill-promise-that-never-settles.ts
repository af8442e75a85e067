import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a promise that can never settle is ended at once, not at its wall limit',
  limits: { wallMs: 20_000 },
  script: 'export async function main() { await new Promise(() => {}); }',
  fails: ['SCRIPT_WALL'],
  cell: 'lives',
  after: ({ outcomes: [outcome] }) => {
    if (outcome && outcome.usage.wallMs > 5_000) throw new Error(`ended after ${outcome.usage.wallMs} ms`);
  },
};
