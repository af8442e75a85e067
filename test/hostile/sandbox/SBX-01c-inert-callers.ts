import type { Attack } from '../harness/attack.ts';

/** vm2, attack category 5: `caller` and `arguments` of a function that the bridge calls lead to the bridge. */
export const attack: Attack = {
  claim: 'functions that the bridge calls cannot see who calls them',
  script: `
    export async function main() {
      const callers = [];
      const spy = Function('seen', 'value', 'return function spy() { seen.push(spy.caller, arguments.callee.caller); return value; }');
      await $cloister.call('probe.echo', { a: { toJSON: spy(callers, 1) } });
      await $cloister.call({ toString: spy(callers, 'probe.echo') }, { get a() { return spy(callers, 1)(); } });
      $cloister.log('info', { toString: spy(callers, 'x') }, { toJSON: spy(callers, 1) });
      await new Promise((resolve) => setTimeout(Function('seen', 'resolve', 'return function spy() { seen.push(spy.caller); resolve(); }')(callers, resolve), 1));
      await { then: Function('seen', 'return function spy(resolve) { seen.push(spy.caller); resolve(); }')(callers) };
      await $cloister.call('probe.fail', 'x').catch(Function('seen', 'return function spy() { seen.push(spy.caller); }')(callers));
      return [callers.length > 8, callers.filter((caller) => caller !== null).length];
    }`,
  returns: [true, 0],
};
