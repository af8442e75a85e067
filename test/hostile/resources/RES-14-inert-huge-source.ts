import type { Attack } from '../harness/attack.ts';

/** isolated-vm's own tests/parser-overflow.js and resource-name-crash.js: texts that ended the process while they were compiled. */
export const attack: Attack = {
  claim: 'texts that overflow the compiler give an error of the realm, and the cell lives',
  limits: { cpuMs: 5_000, wallMs: 10_000 },
  script: `
    export async function main() {
      const texts = ['1'.repeat(4e7), '~'.repeat(1e6), '('.repeat(1e6), '['.repeat(1e6), 'a=>'.repeat(1e5), '-'.repeat(3e5) + '1', 'x?'.repeat(2e5), '{'.repeat(2e5), '\`\${'.repeat(1e5)];
      return texts.map((text) => { try { (0, eval)(text); return 'done'; } catch (error) { return error instanceof Error; } }).filter((each) => each !== true);
    }`,
  after: ({ outcomes: [outcome] }) => {
    if (!outcome?.ok) throw new Error(JSON.stringify(outcome));
  },
};
