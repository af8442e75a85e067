import { MAIN } from './parts/build.ts';
import { endedBuild } from './parts/limits.ts';

export const attack = endedBuild('nesting without end exhausts the stack of a process that is thrown away', () => ({
  'activities/a.ts': `${MAIN}export const x = ${'('.repeat(5e5)}1${')'.repeat(5e5)};`,
}));
