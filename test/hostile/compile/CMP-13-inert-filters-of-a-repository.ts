// What a repository's settings name is started by whoever looks at it; the list of git asked for an end of it in vain
// (git@vger.kernel.org, msg131467). `git status` starts the filter of every file whose time has changed.
import { existsSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inFolder, openIn, PLAIN } from '../yaml/parts/project.ts';
import { git } from './parts/git.ts';

const FILTERS = ['x', 'a=b', 'é', '-x', 'x.y'];
const SETTINGS = [
  ...['core.pager', 'core.editor', 'core.fsmonitor', 'core.sshCommand', 'core.askPass', 'core.gitProxy'],
  ...['gpg.program', 'diff.external', 'diff.x.textconv', 'diff.x.command', 'merge.x.driver', 'credential.helper'],
];

export const attack: Attack = {
  claim: 'no filter, pager, differ or editor of a repository is started when its state is read',
  act: (world) =>
    inFolder({}, async (outside) => {
      const witness = join(outside, 'ran');
      await inFolder({ ...PLAIN, '.gitattributes': '* diff=x merge=x\n' }, async (dir) => {
        await makeRepository(dir, `sh -c 'touch ${witness}; cat'`);
        for (const filter of FILTERS) {
          await writeFile(join(dir, '.git/info/attributes'), `* filter=${filter}\n`);
          await utimes(join(dir, 'activities/a.ts'), 1, 1);
          for (const mode of ['working-tree', 'commit'] as const) await openIn(world, dir, { mode }).catch(() => null);
        }
      });
      assert.not(existsSync(witness), 'a program of the repository was started');
    }),
};

async function makeRepository(dir: string, evil: string): Promise<void> {
  await git(dir, 'init', '-q', '-b', 'main');
  await git(dir, 'add', '-A');
  await git(dir, 'commit', '-q', '-m', 'x');
  const filters = FILTERS.flatMap((name) => ['clean', 'smudge', 'process'].map((key) => `filter.${name}.${key}`));
  for (const key of [...filters, ...SETTINGS]) await git(dir, 'config', key, evil);
  await git(dir, 'config', 'filter.x.required', 'true');
}
