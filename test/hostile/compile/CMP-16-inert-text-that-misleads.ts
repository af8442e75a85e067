// Source that reads otherwise than it runs (CVE-2021-42574), and problems that draw their own lines (denoland/deno#18233).
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inProject, PLAIN, problemsOf } from '../yaml/parts/project.ts';

const TRICKS = ['\u202e', '\u2066', '\u200b', '\ufeff', '\u2028', '\u001b[2K\r', '\u0007', '\u009b31m'];

export const attack: Attack = {
  claim: 'what a project has for names cannot redraw, reorder or forge a line of the problems that are told about it',
  act: (world) => {
    const imports = TRICKS.map((trick) => `import 'x${trick}y.ts:1:1 error FORGED';`).join('\n');
    const activities = TRICKS.map(
      (trick) => `- { id: ${JSON.stringify(`a${trick}`)}, script: ${JSON.stringify(`./activities/${trick}.ts`)} }`,
    );
    const files = {
      ...PLAIN,
      'workflows/w.yaml': `id: w\nname: w\nrootChildren: [a]\nactivities:\n${activities.join('\n')}\n`,
      'activities/a.ts': `${imports}\nexport const main = 1;`,
    };
    return inProject(world, files, async (project) => {
      const lines = await problemsOf(world, project);
      assert.ok(lines.length > TRICKS.length * 2);
      for (const line of lines)
        assert.match(line, /^[\w./-]+:\d+:\d+ (error|warning) [A-Z_]+ [^\p{Cc}\p{Cf}\u2028\u2029]*$/u);
    });
  },
};
