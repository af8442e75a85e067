import type { Attack } from '../harness/attack.ts';

/** Every constructor of functions, reached from a literal. */
export const attack: Attack = {
  claim: 'code made by function constructors sees the realm of the script: `process` has nothing but `env`',
  script: `
    export async function main() {
      const literals = [function () {}, async function () {}, function* () {}, async function* () {}];
      const values = [{}, [], 'x', 1, Symbol(), 1n, /x/, new Date(), Promise.resolve()];
      const makers = [...literals.map((each) => each.constructor), ...values.map((each) => each.constructor.constructor)];
      const seen = new Set();
      for (const make of makers) {
        const made = make('return typeof process + Object.keys(process) + typeof require + typeof global')();
        seen.add(typeof made === 'object' && 'next' in made ? (await made.next()).value : await made);
      }
      return [...seen];
    }`,
  returns: ['objectenvundefinedundefined'],
};
