import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { cloister } from './command.ts';

const check = suite('cloister check');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const hi = { id: 'hi', script: './activities/hi.ts' };

check.before(async () => {
  folder = await temporaryFolder('check');
  await writeFiles(`${folder.path}/good`, {
    ...script('hi', 'return 1;'),
    ...workflow('hello', { rootChildren: ['hi'], activities: [hi] }),
  });
  await writeFiles(`${folder.path}/bad`, {
    'workflows/hello.yaml':
      'id: hello\nname: Hello\nrootChildren: [hi, ho]\nactivities:\n  - id: hi\n    script: ./activities/hi.ts\n',
    'activities/hi.ts': "import 'node:fs';\nexport async function main() {}\n",
  });
});
check.after(async () => {
  await folder.remove();
});

check('a good project is silent on stdout and exits 0, given as a word, an option or the current folder', async () => {
  for (const [cwd, ...args] of [['.', 'good'], ['.', '--project', 'good'], ['good']]) {
    const { code, stdout, stderr } = await cloister(`${folder.path}/${cwd}`, 'check', ...args);
    assert.equal([code, stdout, stderr], [0, '', '0 errors, 0 warnings\n']);
  }
});

check('every error of a bad project is a line with its place, and it exits 1', async () => {
  const { code, stdout, stderr } = await cloister(folder.path, 'check', 'bad');
  assert.is(code, 1);
  const lines = stdout.trim().split('\n');
  assert.match(stdout, /^workflows\/hello\.yaml:3:20 error [A-Z_]+ .*found .*ho.*, expected /m);
  assert.match(stdout, /^activities\/hi\.ts:1:\d+ error [A-Z_]+ .*node:fs/m);
  assert.match(stderr, new RegExp(`^${lines.length} errors, 0 warnings\n$`));
});

check('--json is one list of the same problems', async () => {
  const { code, stdout } = await cloister(folder.path, 'check', 'bad', '--json');
  assert.is(code, 1);
  const problems = JSON.parse(stdout);
  assert.ok(problems.length >= 2);
  for (const problem of problems) {
    const fields = ['file', 'line', 'column', 'severity', 'code', 'where', 'found', 'expected'];
    assert.equal(Object.keys(problem).sort(), fields.sort());
  }
  const good = await cloister(folder.path, 'check', '--project', 'good', '--json');
  assert.equal([good.code, JSON.parse(good.stdout)], [0, []]);
});

check.run();
