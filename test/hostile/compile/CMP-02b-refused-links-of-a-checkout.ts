// Symbolic links in a cloned repository gave the files of the server away: oracle/oci-designer-toolkit#777.
import { mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inFolder, openIn, PLAIN } from '../yaml/parts/project.ts';

const LINKS = {
  'activities/x.ts': '',
  'activities/x.json': '',
  'activities/folder': 'dir',
  'workflows/x.yaml': '',
  'validation-rules': 'dir',
  'triggers/t/definition.yaml': '',
  'package.json': '',
  'package-lock.json': '',
  'cloister.yaml': '',
};

export const attack: Attack = {
  claim:
    'a link of a checkout that leads out of it counts as missing, be it a file, a folder, or to a process of the host',
  act: async (world) => {
    const { file } = world.canaries;
    for (const [path, kind] of Object.entries(LINKS)) {
      for (const target of [
        kind === 'dir' ? dirname(file) : file,
        '/proc/self/environ',
        '../../../../../../../../etc',
      ]) {
        await inFolder(PLAIN, async (dir) => {
          await mkdir(dirname(join(dir, path)), { recursive: true });
          await rm(join(dir, path), { recursive: true, force: true });
          await symlink(target, join(dir, path));
          const { files } = await openIn(world, dir);
          world.seen.push(JSON.stringify([...files]));
          assert.equal([...files.keys()].toSorted(), Object.keys(PLAIN).toSorted(), `${path} → ${target}`);
        });
      }
    }
  },
};
