import type { Attack } from '../harness/attack.ts';

/** vm2, CVE-2026-45411: `return(thenable)` of an async generator under `yield*` caught an exception that nobody had washed. */
export const attack: Attack = {
  claim: 'what an async generator catches of a thenable, a call or an overflow is of the realm',
  script: `
    export async function main() {
      const inner = { [Symbol.asyncIterator]() { return this; }, next: () => ({ done: false, value: 0 }) };
      const caught = [];
      const throwers = [(resolve) => { const error = new Error(); error.name = Symbol(); resolve(error.stack.x.y); }, () => { const dig = () => dig(); dig(); },
        (resolve, reject) => $cloister.call('probe.fail', 'system').then(resolve, reject)];
      for (const then of throwers) {
        const generator = (async function* () { yield* inner; })();
        await generator.next();
        await generator.return({ then }).then(({ value }) => caught.push(value), (error) => caught.push(error));
        await (async function* () { yield { then }; })().next().then(({ value }) => caught.push(value), (error) => caught.push(error));
      }
      return [caught.length, caught.every((each) => typeof each === 'number' || (each instanceof Error && each.constructor.constructor === Function)), caught.some((each) => /postgres/.test(each.message))];
    }`,
  returns: [6, true, false],
};
