import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an endless loop in a trap, a getter, an iterator or a toString that a native asks is ended',
  limits: { cpuMs: 150 },
  script: `
    export async function main() {
      const spin = () => { for (;;); };
      const proxy = new Proxy({}, { get: (_, key) => (key === Symbol.toPrimitive ? { valueOf: spin }.valueOf : undefined) });
      return [...{ [Symbol.iterator]: function* () { yield \`\${proxy}\`; } }];
    }`,
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
