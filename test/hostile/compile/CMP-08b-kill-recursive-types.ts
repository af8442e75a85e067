import { MAIN } from './parts/build.ts';
import { endedBuild } from './parts/limits.ts';

const DEEP = 150_000;

export const attack = endedBuild('types nested without end are no way past the limits', () => ({
  'activities/a.ts': `${MAIN}type T = ${'T<'.repeat(DEEP)}0${'>'.repeat(DEEP)};`,
}));
