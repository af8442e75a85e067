/** Installing the dependencies of hostile projects with the real npm, without a network. */
import * as assert from 'uvu/assert';
import { npmEnvironment } from '../../../../host/env.ts';
import { installDependencies } from '../../../../registry/index.ts';
import type { World } from '../../harness/world.ts';
import { type Files, inFolder } from '../../yaml/parts/project.ts';

/** What came of it: `installed`, `nothing`, or the code and text of the refusal, which the attacker sees. */
export async function install(world: World, files: Files, look?: (dir: string) => Promise<void>): Promise<string> {
  return inFolder(files, async (dir) => {
    const env = { ...npmEnvironment(), npm_config_offline: 'true' };
    const outcome = await installDependencies(dir, { env }).then(
      (ran) => (ran ? 'installed' : 'nothing'),
      (error: Error & { code?: string }) => `${error.code} ${error.message}`,
    );
    world.seen.push(outcome);
    await look?.(dir);
    return outcome;
  });
}

const SECTIONS = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'];

/** Expects that dependencies are refused, in whichever section they stand, before npm is started. */
export async function refusedDependencies(world: World, dependencies: Files, more = ['overrides']): Promise<void> {
  for (const section of [...SECTIONS, ...more]) {
    const manifest = { dependencies: { 'is-there': '1.0.0' }, [section]: dependencies };
    const outcome = await install(world, { 'package.json': JSON.stringify(manifest) });
    assert.match(outcome, /^DEPENDENCY_REFUSED /, `${section} ${JSON.stringify(dependencies)}`);
  }
}
