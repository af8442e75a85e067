import type { Attack } from '../harness/attack.ts';

/** Syntax of modules inside evaluated text, where no module is. */
export const attack: Attack = {
  claim: 'evaluated text has no `import.meta`, no static import and no phase imports',
  script: `
    export async function main() {
      const texts = ['import.meta', 'import.meta.url', 'import fs from "fs"', 'export default 1', 'new.target', 'await 1'];
      return texts.map((text) => { try { (0, eval)(text); return text; } catch (error) { return error.constructor === SyntaxError; } });
    }`,
  returns: [true, true, true, true, true, true],
};
