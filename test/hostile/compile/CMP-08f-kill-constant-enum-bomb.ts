// "There is no guarantee of termination … or use up all of the memory": evanw/esbuild#2680, by its author.
import { MAIN } from './parts/build.ts';
import { endedBuild } from './parts/limits.ts';

/** A constant is written out wherever it is used: 300 KB become 10 GB. */
export const attack = endedBuild(
  'a small file that compiles to a huge one is given up in time or for its memory',
  () => ({
    'activities/a.ts': `const enum E { A = '${'x'.repeat(1e5)}' }\n${MAIN}export const x = [${'E.A,'.repeat(1e5)}];`,
  }),
);
