// npm obeys the .npmrc of what it clones, which names the git to start, scripts switched off or not: npm/cli#4101,
// lirantal/npm-security-best-practices#15. Clones are made with the host's own keys besides.
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inFolder, writeFiles } from '../yaml/parts/project.ts';
import { git } from './parts/git.ts';
import { install, refusedDependencies } from './parts/npm.ts';

const SPECS = (dir: string) => [
  `git+file://${dir}/evil`,
  'git+ssh://git@127.0.0.1/company/private.git',
  'git://127.0.0.1/x',
  `github:company/private#${'a'.repeat(40)}`,
  'company/private',
  'gist:11081aaa281',
  'git@github.com:company/private.git',
  'npm:evil@git+file:///x',
  'http://127.0.0.1/x.tgz',
];

export const attack: Attack = {
  claim: 'a dependency that npm would clone or fetch by its address is refused before npm is started',
  act: (world) =>
    inFolder({}, async (dir) => {
      const evil = {
        name: 'evil',
        version: '1.0.0',
        scripts: { prepare: 'touch ../ran' },
        dependencies: { n: `git+file://${dir}/nested` },
      };
      await repository(join(dir, 'nested'), { 'package.json': '{"name":"n","version":"1.0.0"}' });
      await repository(join(dir, 'evil'), {
        'package.json': JSON.stringify(evil),
        '.npmrc': 'git=./evil.sh\nignore-scripts=false\n',
        'evil.sh': `#!/bin/sh\ntouch ${join(dir, 'ran')}\nexec git "$@"\n`,
      });
      for (const spec of SPECS(dir)) await refusedDependencies(world, { evil: spec });
      assert.match(
        await install(world, { 'package.json': '{"dependencies":{"a":"1"}}', 'package-lock.json': lockOf(dir) }),
        /lock file/,
      );
      assert.is(await stat(join(dir, 'ran')).catch(() => null), null, 'a program of the repository was started');
    }),
};

async function repository(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  await writeFiles(dir, files);
  if (files['evil.sh']) await chmod(join(dir, 'evil.sh'), 0o755);
  await git(dir, 'init', '-q', '-b', 'main');
  await git(dir, 'add', '-A');
  await git(dir, 'commit', '-q', '-m', 'x');
}

function lockOf(dir: string): string {
  const packages = { 'node_modules/a': { version: '1.0.0', resolved: `git+file://${dir}/evil` } };
  return JSON.stringify({ lockfileVersion: 3, packages });
}
