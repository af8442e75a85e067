import type { Attack } from '../harness/attack.ts';

/** The log of a cell that has none of our caps. */
export const attack: Attack = {
  claim: 'lines are counted, cut and escaped by the host, however many and long they come',
  forged: true,
  limits: { wallMs: 5_000 },
  script: `
    async function attack(run) {
      for (let i = 0; i < 3; i++) await send({ t: 'log', id: run.id, level: 'info', message: 'a\\n'.repeat(1e5), data: JSON.stringify('x'.repeat(1e5)) });
      for (let i = 0; i < 20_000; i++) await send({ t: 'log', id: run.id, level: 'warn', message: 'line\\u001b[31m', data: '{"__proto__":{"admin":true}}' });
      return 'on';
    }`,
  returns: 'on',
  after: ({ lines }) => {
    const longest = Math.max(...lines.map((line) => JSON.stringify(line).length));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
    if (lines.length !== 1_001 || longest > 17_000 || lines.some(({ message }) => /[\n\u001b]/.test(message)))
      throw new Error(`${lines.length} lines, ${longest}`);
  },
};
