import { MAIN } from './parts/build.ts';
import { endedBuild } from './parts/limits.ts';

export const attack = endedBuild('JSON nested without end exhausts the stack of a process that is thrown away', () => ({
  'activities/a.ts': `${MAIN}import x from './x.json'; console.log(x);`,
  'activities/x.json': '['.repeat(5e5) + ']'.repeat(5e5),
}));
