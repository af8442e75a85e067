import type { Attack } from '../harness/attack.ts';

/** n8n#28222: work of the engine itself, on data: parsing, patterns, sorting. */
export const attack: Attack = {
  claim: 'deep JSON, deep patterns and deep prototypes give errors of the realm, and the cell lives',
  limits: { cpuMs: 6_000, wallMs: 15_000 },
  script: `
    export async function main() {
      const odd = [];
      const deep = (open, close, n) => open.repeat(n) + close.repeat(n);
      const tries = [() => JSON.parse(deep('[', ']', 1e6)), () => new RegExp(deep('(', ')', 1e5)), () => new RegExp(deep('(?=', ')', 1e5)).test('x'), () => new RegExp('a'.repeat(1e6)).test('b'), () => new RegExp('[' + 'a-z'.repeat(1e5) + ']').test('b'),
        () => { let a = {}; for (let i = 0; i < 1e5; i++) a = Object.create(a); return a.missing; }, () => { let f = () => 0; for (let i = 0; i < 1e5; i++) f = f.bind(null); return f(); }, () => { let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x; },
        () => [].concat(...Array(2e5).fill([1])), () => { const a = []; a[0] = a; return a.flat(1e9); }, () => String(deep('[', ']', 10)).normalize('NFKD'), () => { let s = []; for (let i = 0; i < 1e5; i++) s = [s]; return String(s); }];
      for (const attempt of tries) { try { attempt(); } catch (error) { if (!(error instanceof Error)) odd.push(String(attempt)); } }
      return odd;
    }`,
  returns: [],
};
