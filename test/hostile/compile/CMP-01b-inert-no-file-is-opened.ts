import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { hasStrace, traceBuild } from './parts/trace.ts';

/** The kernel's word for it: every call that takes a path, of the process that builds, from the first build to the last. */
export const attack: Attack = {
  claim: 'a build makes no system call that names a file, hostile imports or not',
  act: async ({ canaries }) => {
    if (!(await hasStrace())) return;
    const { calls, builds } = await traceBuild([
      `import x from '${canaries.file}' with { type: 'text' }; console.log(x);`,
      `import x from '../../../../../..${canaries.file}'; console.log(x);`,
      'export const x = (n) => [import("./" + n), import("../../../../../etc/" + n), require("/etc/" + n), require.resolve("/etc/passwd")];',
      `export const main = 1;\n//# sourceMappingURL=file://${canaries.file}`,
      '/** @jsxRuntime automatic @jsxImportSource /etc */ export const main = 1;',
      'export const main = () => new URL("/etc/passwd", import.meta.url);',
    ]);
    assert.equal(builds, [false, false, false, true, true, true]);
    assert.equal(calls, []);
  },
};
