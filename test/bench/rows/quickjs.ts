/** QuickJS compiled to WebAssembly: an interpreter inside this process. */
import type { Contender } from '../contender.ts';

/** What of quickjs-emscripten is used. */
interface QuickJsLibrary {
  getQuickJS(): Promise<{ newContext(): QuickJsContext }>;
}

interface QuickJsContext {
  readonly global: unknown;
  newString(text: string): QuickJsHandle;
  setProp(target: unknown, name: string, value: QuickJsHandle): void;
  evalCode(code: string): unknown;
  unwrapResult(result: unknown): QuickJsHandle;
  getString(handle: QuickJsHandle): string;
  dispose(): void;
}

interface QuickJsHandle {
  dispose(): void;
}

const CALL = '\n;JSON.stringify(subject.main(JSON.parse(input)))';

export const quickjs: Contender = {
  name: 'QuickJS (wasm), new context',
  calls: 300,
  open: async ({ script }, competitors) => {
    const library = competitors.load('quickjs-emscripten') as QuickJsLibrary;
    const quickJs = await library.getQuickJS();
    return { call: (input) => callIn(quickJs.newContext(), script, input), close: async () => undefined };
  },
};

function callIn(context: QuickJsContext, script: string, input: string): string {
  const text = context.newString(input);
  context.setProp(context.global, 'input', text);
  const result = context.unwrapResult(context.evalCode(script + CALL));
  const output = context.getString(result);
  result.dispose();
  text.dispose();
  context.dispose();
  return output;
}
