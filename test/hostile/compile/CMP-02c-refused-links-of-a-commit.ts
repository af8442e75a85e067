// As CMP-02b, where the link stands in a commit and not on the disk (CVE-2024-32002 began with such a link).
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inFolder, openIn, PLAIN } from '../yaml/parts/project.ts';
import { git } from './parts/git.ts';

export const attack: Attack = {
  claim: 'a link in a commit is never followed, and what a commit calls a submodule is not read',
  act: (world) =>
    inFolder(PLAIN, async (dir) => {
      await git(dir, 'init', '-q', '-b', 'main');
      await symlink(world.canaries.file, join(dir, 'activities/x.ts'));
      await symlink('/proc/self/environ', join(dir, 'cloister.yaml'));
      await git(dir, 'add', '-A');
      await git(dir, 'update-index', '--add', '--cacheinfo', `160000,${'a'.repeat(40)},activities/sub`);
      await git(dir, 'commit', '-q', '-m', 'links');
      for (const mode of ['commit', 'working-tree'] as const) {
        const { files } = await openIn(world, dir, { mode });
        world.seen.push(JSON.stringify([...files]));
        assert.equal([...files.keys()].toSorted(), Object.keys(PLAIN).toSorted());
      }
    }),
};
