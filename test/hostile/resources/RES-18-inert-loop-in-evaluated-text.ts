import type { Attack } from '../harness/attack.ts';

/** n8n, CVE-2025-68668: the second engine had fewer limits than the first. */
export const attack: Attack = {
  claim: 'evaluated text that loops or hoards is ended by its own limits, and the run goes on',
  limits: { cpuMs: 3_000, wallMs: 10_000 },
  script: `
    import { evaluate } from 'cloister';
    export async function main() {
      const texts = ['for (;;);', 'const a = []; for (;;) a.push(new Array(1e4).fill(1.5))', '"x".repeat(5e8)', '(() => { const f = () => f(); return f(); })()', 'while (true) Promise.resolve()', '/^(a+)+$/.test("a".repeat(60) + "!")',
        'new Uint8Array(1e9).length', 'process', 'fetch("http://127.0.0.1")', '$cloister', 'this.constructor.constructor("return process")()'];
      const codes = [];
      for (const text of texts) codes.push(await evaluate(text, {}, { timeoutMs: 60 }).then((value) => typeof value, (error) => error.code));
      return [[...new Set(codes)], await evaluate('a + 1', { a: 1 })];
    }`,
  returns: [['INVALID'], 2],
};
