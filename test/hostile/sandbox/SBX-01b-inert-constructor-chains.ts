import type { Attack } from '../harness/attack.ts';

/** The chains of every escape from a sandbox that shares its realm with the host, from values of many kinds. */
export const attack: Attack = {
  claim: 'no chain of constructors leads to the process of Node',
  script: `
    export async function main() {
      const values = ['this', 'globalThis', 'Error()', '(async () => {})()', 'new Proxy({}, {})', 'new Map().entries()', 'Intl',
        'new (class A { static x = 1 })()', '(function () { return arguments })()', 'import("x").catch(() => 0)', 'console', 'URL'];
      const parts = ['mainModule', 'binding', 'getBuiltinModule', 'dlopen', 'exit', 'kill', 'versions', 'constructor.name'];
      const seen = values.flatMap((value) => parts.map((part) => {
        try {
          return String((0, eval)(value + ".constructor.constructor('return process')()." + part));
        } catch (error) {
          return error.constructor === TypeError || error.constructor === SyntaxError ? 'an error of this realm' : 'an error';
        }
      }));
      return [...new Set(seen)].sort();
    }`,
  returns: ['Object', 'undefined'],
};
