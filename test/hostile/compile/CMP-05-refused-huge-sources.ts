import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { build, type Files, faultsOf, MAIN } from './parts/build.ts';

const MB = 1024 * 1024;

export const attack: Attack = {
  claim: 'sources are sized before they are compiled: one, all together, a package, and what they become',
  act: async (world) => {
    const cases: [Files, RegExp][] = [
      [{ 'activities/a.ts': `${MAIN}//${'x'.repeat(40 * MB)}` }, /a\.ts, 4194\d+ bytes$/],
      [{ 'activities/a.ts': `${MAIN}export const x = [${'0,'.repeat(20e6)}];` }, /a\.ts, 400\d+ bytes$/],
      [
        {
          'activities/a.ts': `${MAIN}import x from './x.json'; console.log(x);`,
          'activities/x.json': `[${'0,'.repeat(MB)}0]`,
        },
        /x\.json, 20\d+ bytes$/,
      ],
      [parts(14, (n) => `// ${n}\n//${'x'.repeat(MB - 20)}`), /\d+ bytes$/],
      [parts(3, (n) => `console.log(${n}, '${'x'.repeat(MB / 2)}');`), /a bundle of 15\d+ bytes$/],
    ];
    for (const [files, expected] of cases) {
      assert.match(faultsOf(await build(world, files))[0] ?? 'a bundle', expected);
    }
    const pkg = { 'package.json': '{"main":"i.js"}', 'i.js': 'x'.repeat(2 * MB) };
    assert.match(
      faultsOf(await build(world, { 'activities/a.ts': `import 'pkg';${MAIN}` }, { pkg }))[0] ?? '',
      /i\.js, 2097152 bytes$/,
    );
  },
};

function parts(count: number, text: (n: number) => string): Files {
  const names = Array.from({ length: count }, (_, n) => `p${n}`);
  const imports = names.map((name) => `import './${name}.ts';`).join('');
  const files = names.map((name, n) => [`activities/${name}.ts`, text(n)] as const);
  return { 'activities/a.ts': imports + MAIN, ...Object.fromEntries(files) };
}
