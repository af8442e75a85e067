import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { compileScript } from '../../../registry/index.ts';
import type { Attack } from '../harness/attack.ts';
import type { World } from '../harness/world.ts';
import { type Files, inFolder, openIn, PLAIN, writeFiles } from '../yaml/parts/project.ts';

const NAMES = ['secret', '@scope/secret', '../secret', 'a/../../secret', '.secret', 'node_modules', '..', '/secret'];

/** A project that lists and imports each name; the other project holds a token of ours. */
export const attack: Attack = {
  claim:
    'packages come from the own node_modules of a project: no link in it, and none in its place, opens another folder',
  act: (world) =>
    inFolder({}, async (dir) => {
      const other = join(dir, 'other');
      await writeFiles(other, packageOf(world));
      await writeFiles(join(other, 'node_modules/secret'), packageOf(world));
      for (const place of [
        'node_modules',
        'node_modules/secret',
        'node_modules/@scope',
        'node_modules/real/node_modules',
      ]) {
        const project = join(dir, place.replaceAll('/', '-'));
        await writeFiles(project, { ...PLAIN, ...importing(NAMES), 'node_modules.txt': '' });
        await mkdir(join(project, place, '..'), { recursive: true });
        await symlink(place.endsWith('secret') ? other : join(other, 'node_modules'), join(project, place));
        const { problems, ...built } = await compileScript(await openIn(world, project), 'activities/a.ts');
        world.seen.push(JSON.stringify(built), JSON.stringify(problems));
        assert.is(built.ok, false, place);
        assert.is(problems.length, NAMES.length, JSON.stringify(problems));
      }
    }),
};

function packageOf({ canaries }: World): Files {
  const token = JSON.stringify(canaries.tokens.get('file'));
  return { 'package.json': '{"name":"secret","main":"i.js"}', 'i.js': `export const token = ${token};` };
}

function importing(names: readonly string[]): Files {
  const lines = names.map((name, n) => `import * as x${n} from ${JSON.stringify(name)}; console.log(x${n});`);
  const dependencies = Object.fromEntries(names.map((name) => [name, '*']));
  return {
    'package.json': JSON.stringify({ dependencies }),
    'activities/a.ts': `${lines.join('\n')}\nexport async function main() {}`,
  };
}
