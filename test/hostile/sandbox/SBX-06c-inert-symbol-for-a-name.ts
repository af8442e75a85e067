import type { Attack } from '../harness/attack.ts';

/** vm2's "error generation primitive": a symbol for a name makes the engine itself throw while it writes a stack. */
export const attack: Attack = {
  claim: 'the TypeError that the engine throws while it formats a stack is of the realm of the script',
  script: `
    export async function main() {
      const makers = [];
      for (const setUp of [() => undefined, () => { Error.prepareStackTrace = undefined; }, () => { delete Error.prepareStackTrace; }, () => { Error.prepareStackTrace = null; }]) {
        setUp();
        const error = new Error('x');
        error.name = Symbol('n');
        try { makers.push(typeof error.stack); } catch (thrown) { makers.push(thrown.constructor === TypeError && thrown.constructor.constructor === Function); }
        const again = await (async () => { error.stack; throw error; })().catch((thrown) => thrown);
        makers.push(again instanceof Error);
      }
      return makers.every((each) => each === true || each === 'string');
    }`,
  returns: true,
};
