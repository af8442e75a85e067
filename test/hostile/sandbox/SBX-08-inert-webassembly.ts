import type { Attack } from '../harness/attack.ts';

/** WebAssembly has memory and code that V8's heap limit does not count. */
export const attack: Attack = {
  claim: 'there is no WebAssembly, by its name or by any other way',
  script: `
    export async function main(t) {
      const tries = ['WebAssembly', 'globalThis.WebAssembly.Memory', 'Reflect.get(globalThis, "Web" + "Assembly").Module', 'Function("return WebAssembly")()', 'new (class extends WebAssembly.Memory {})({ initial: 1 })'];
      const threw = tries.map((text) => { try { (0, eval)(text); return text; } catch (error) { return error.constructor === ReferenceError || error.constructor === TypeError; } });
      const response = await fetch(t.allowed + '/echo');
      return [threw, 'WebAssembly' in globalThis, typeof response.constructor.compileStreaming];
    }`,
  returns: [[true, true, true, true, true], false, 'undefined'],
};
