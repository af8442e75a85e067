import { MAIN } from './parts/build.ts';
import { endedBuild } from './parts/limits.ts';

export const attack = endedBuild(
  'a project of 50,000 files that import each other in a row is given up in time',
  () => {
    const names = Array.from({ length: 50_000 }, (_, n) => `x${n}`);
    const files = names.map((name, n) => [`activities/${name}.ts`, `import './x${n + 1}.ts';\n`] as const);
    return { 'activities/a.ts': `import './x0.ts';\n${MAIN}`, ...Object.fromEntries(files) };
  },
);
