import { MAIN } from './parts/build.ts';
import { endedBuild } from './parts/limits.ts';

/** Each import is a question to the resolver; they fit into one file of a megabyte. */
export const attack = endedBuild('a file of nothing but imports is given up in time', () => ({
  'activities/a.ts': MAIN + Array.from({ length: 70_000 }, (_, n) => `import"./${n.toString(36)}";`).join(''),
}));
