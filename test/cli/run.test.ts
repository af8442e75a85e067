// timeout: 180
import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunView } from '../../host/runs/view.ts';
import { Family } from '../runner/family.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { cloister, start } from './command.ts';

const run = suite('cloister run, on a host of its own');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

const FILES = {
  ...script('echo', 'return input;'),
  ...script('fail', 'throw new Error("no coverage found");'),
  ...script('wait', 'await new Promise((done) => setTimeout(done, 25_000));'),
  ...workflow('hello', {
    rootChildren: ['first', 'left'],
    activities: [
      { id: 'first', script: './activities/echo.ts', params: { word: '$input.word' }, children: ['second'] },
      {
        id: 'second',
        script: './activities/echo.ts',
        params: { big: '$input.big', tenant: '$input.tenantOrganizationId' },
      },
      { id: 'left', script: './activities/echo.ts', applicability: ['$input.nothing'] },
    ],
  }),
  ...workflow('failing', { rootChildren: ['bad'], activities: [{ id: 'bad', script: './activities/fail.ts' }] }),
  ...workflow('wait', { rootChildren: ['wait'], activities: [{ id: 'wait', script: './activities/wait.ts' }] }),
  'workflows/broken.yaml': 'id: broken\nname: Broken\nrootChildren: [nobody]\nactivities: []\n',
  // Larger than what Temporal's SDK warns about, on standard output if it is let.
  'input.json': JSON.stringify({ word: 'hi', big: 'x'.repeat(600_000) }),
};

run.before(async () => {
  folder = await temporaryFolder('run');
  await writeFiles(`${folder.path}/project`, FILES);
});
run.after(async () => {
  await folder.remove();
});

run('prints the tree, indented, and exits 0 when the run completed', async () => {
  const { code, stdout, stderr } = await cloister(
    folder.path,
    'run',
    'hello',
    '--project',
    'project',
    '--input',
    '{"word":"hi"}',
  );
  assert.is(code, 0, stderr);
  const [head, ...lines] = stdout.trimEnd().split('\n');
  assert.match(String(head), /^run [0-9a-f-]{36} of hello$/);
  assert.match(String(lines[0]), /^ {2}✔ first {5}completed +\d+ ms {2}word: hi$/);
  assert.match(String(lines[1]), /^ {4}✔ second {2}completed +\d+ ms$/);
  assert.match(String(lines[2]), /^ {2}– left {6}skipped +applicability$/);
  assert.match(String(lines[3]), /^completed in \d+ ms$/);
  assert.is(lines.length, 4);
});

run('exits 1 when the run failed, with the line of the script', async () => {
  const { code, stdout } = await cloister(folder.path, 'run', 'failing', '--project', 'project');
  assert.is(code, 1);
  assert.match(stdout, /^ {2}✘ bad {2}failed .*SCRIPT_ERROR: no coverage found$/m);
  assert.match(stdout, /^failed in \d+ ms: SCRIPT_ERROR: activity "bad": no coverage found$/m);
  assert.match(stdout, /activities\/fail\.ts:4:\d+/);
});

run('exits 2 when the workflow is invalid, with its problems', async () => {
  const { code, stdout, stderr } = await cloister(folder.path, 'run', 'broken', '--project', 'project');
  assert.equal([code, stdout], [2, '']);
  assert.match(stderr, /WORKFLOW_INVALID: workflow "broken" has errors\n {2}workflows\/broken\.yaml:3:16 [A-Z_]+ /);
});

run('--json: stdout is one object, the run as the API shows it; a git project adds its commit', async () => {
  const args = [
    'run',
    'hello',
    '--project',
    'project',
    '--tenant',
    'org-1',
    '--input',
    '@project/input.json',
    '--json',
  ];
  const shown = async () => {
    const { code, stdout, stderr } = await cloister(folder.path, ...args);
    assert.is(code, 0, stderr);
    assert.match(stderr, /✔ first/);
    return JSON.parse(stdout) as RunView;
  };
  const plain = await shown();
  assert.equal([plain.branch, plain.commit, plain.dirty], [null, null, false]);
  assert.is(plain.status, 'completed');
  assert.is(plain.tenantOrganizationId, 'org-1');
  assert.is(plain.billingWorkflow?.status, 'completed');

  const git = (...words: string[]) => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
    return execFileSync('git', ['-C', `${folder.path}/project`, ...identity, ...words], { encoding: 'utf8' }).trim();
  };
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'all');
  const committed = await shown();
  assert.equal([committed.branch, committed.commit, committed.dirty], ['main', git('rev-parse', 'HEAD'), false]);
  assert.is(committed.digest, plain.digest, 'the same content has the same digest');

  await writeFiles(`${folder.path}/project`, script('echo', 'return { ...input };'));
  const edited = await shown();
  assert.equal([edited.commit, edited.dirty], [committed.commit, true]);
  assert.is.not(edited.digest, committed.digest);
});

run('Ctrl-C cancels the run, and nothing of the host stays behind', async () => {
  const command = start(folder.path, 'run', 'wait', '--project', 'project');
  const family = new Family(command.child.pid ?? 0);
  await command.until('stdout', /^run /m);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  command.child.kill('SIGINT');
  const { code, stdout, stderr } = await command.ended;
  assert.is(code, 1, stderr);
  assert.match(stderr, /cancelling the run/);
  assert.match(stdout, /✘ wait {2}failed .*CANCELLED/);
  assert.match(stdout, /^failed in \d+ ms: CANCELLED: the run was cancelled$/m);
  assert.equal(await family.leftOver(3000), []);
});

run.run();
