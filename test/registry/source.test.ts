/** Reading a project: plain folder, repository, branches, commits, links, caps. */
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Build, compileWorkflow, openProject, type Project, RegistryError } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { BUILT_INS, type Files, Folders, git, SCRIPT, write } from './folder.ts';

const test = suite('reading a project');
const folders = new Folders();
const sandbox = createSandbox({});
const build: Build = sandbox.build.bind(sandbox);
test.after(async () => {
  folders.remove();
  await sandbox.close();
});

const FILES: Files = {
  'workflows/w.yaml': 'id: w\nname: W\nrootChildren: [a]\nactivities: [{ id: a, script: ./activities/shared/a.ts }]\n',
  'activities/shared/a.ts': SCRIPT,
  'README.md': 'not read',
};

type Wish = Partial<Omit<Parameters<typeof openProject>[0], 'dir'>>;

function open(dir: string, wish: Wish = {}): Promise<Project> {
  return openProject({ dir, mode: 'working-tree', builtIns: BUILT_INS, build, ...wish });
}

function repository(files: Files = FILES): string {
  const dir = folders.make(files);
  git(dir, 'init', '-q', '-b', 'main');
  git(dir, 'add', '.');
  git(dir, 'commit', '-q', '-m', 'first');
  return dir;
}

async function codeOf(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, RegistryError);
  return error instanceof RegistryError ? error.code : '';
}

test('a plain folder has neither branch nor commit, in both modes', async () => {
  const dir = folders.make(FILES);
  for (const mode of ['working-tree', 'commit'] as const) {
    const { branch, commit, dirty, files } = await open(dir, { mode });
    assert.equal([branch, commit, dirty], [null, null, false]);
    assert.equal([...files.keys()], ['activities/shared/a.ts', 'workflows/w.yaml']);
  }
  assert.is(await codeOf(open(dir, { branch: 'main' })), 'BRANCH_NOT_FOUND');
  assert.is(await codeOf(open(dir, { mode: 'commit', commit: 'a'.repeat(40) })), 'NOT_A_REPOSITORY');
});

test("a folder inside somebody else's repository is a plain folder", async () => {
  const dir = repository({
    'inner/workflows/w.yaml': FILES['workflows/w.yaml'] ?? '',
    'inner/activities/shared/a.ts': SCRIPT,
  });
  assert.is((await open(join(dir, 'inner'))).commit, null);
});

test('a repository has branch and commit, and is dirty once anything in it differs', async () => {
  const dir = repository();
  const clean = await open(dir);
  assert.equal([clean.branch, clean.commit, clean.dirty], ['main', git(dir, 'rev-parse', 'HEAD'), false]);
  write(dir, { 'activities/new.ts': SCRIPT });
  const dirty = await open(dir);
  assert.is(dirty.dirty, true);
  assert.ok(dirty.files.has('activities/new.ts'));
});

test('mode commit reads the commit and not the working tree', async () => {
  const dir = repository();
  const first = git(dir, 'rev-parse', 'HEAD');
  write(dir, { 'activities/shared/a.ts': `${SCRIPT}// edited\n`, 'activities/late.ts': SCRIPT });
  const atHead = await open(dir, { mode: 'commit' });
  assert.equal([atHead.commit, atHead.dirty], [first, false]);
  assert.is(atHead.files.get('activities/shared/a.ts'), SCRIPT);
  assert.not(atHead.files.has('activities/late.ts'));
  git(dir, 'commit', '-q', '-a', '-m', 'second');
  const before = await open(dir, { mode: 'commit', commit: first });
  assert.equal([before.commit, before.files.get('activities/shared/a.ts')], [first, SCRIPT]);
  assert.is(await codeOf(open(dir, { mode: 'commit', commit: 'f'.repeat(40) })), 'COMMIT_NOT_FOUND');
  assert.is(await codeOf(open(dir, { mode: 'commit', commit: '--output=x' })), 'COMMIT_NOT_FOUND');
});

test('another branch is read from its newest commit, the checked-out one from the disk', async () => {
  const dir = repository();
  git(dir, 'checkout', '-q', '-b', 'feature/rule');
  write(dir, { 'activities/shared/a.ts': `${SCRIPT}// of the branch\n` });
  git(dir, 'commit', '-q', '-a', '-m', 'on the branch');
  const tip = git(dir, 'rev-parse', 'HEAD');
  git(dir, 'checkout', '-q', 'main');
  write(dir, { 'activities/shared/a.ts': `${SCRIPT}// in the editor\n` });
  const other = await open(dir, { branch: 'feature/rule' });
  assert.equal([other.branch, other.commit, other.dirty], ['feature/rule', tip, false]);
  assert.match(other.files.get('activities/shared/a.ts') ?? '', 'of the branch');
  const same = await open(dir, { branch: 'main' });
  assert.match(same.files.get('activities/shared/a.ts') ?? '', 'in the editor');
  assert.is(await codeOf(open(dir, { branch: 'nope' })), 'BRANCH_NOT_FOUND');
});

test('API: a name that git refuses, begins with "-" or contains ".." is refused before git sees it', async () => {
  const dir = repository();
  const names = [
    '',
    '-x',
    '--upload-pack=x',
    'a..b',
    '../x',
    'a b',
    'a~1',
    'HEAD^',
    'a:b',
    '@{-1}',
    '@',
    'a/',
    '/a',
    'a//b',
    'a.lock',
    '.a',
    'a/.b',
    'a.',
    'a\\b',
    'a\u0000b',
    'a\nb',
    'x'.repeat(300),
    'ä'.repeat(150),
    'a\ud800',
    'a\u0085b',
    'a\u202eb',
  ];
  for (const branch of names) assert.is(await codeOf(open(dir, { branch })), 'BRANCH_INVALID', JSON.stringify(branch));
});

test('the same content has the same digest in a repository, dirty or not, in a commit and in a plain folder', async () => {
  const folder = folders.make(FILES);
  const dir = repository();
  const plans = [];
  for (const project of [await open(folder), await open(dir), await open(dir, { mode: 'commit' })]) {
    plans.push((await compileWorkflow(project, 'w')).plan);
  }
  write(dir, { 'README.md': 'changed' });
  plans.push((await compileWorkflow(await open(dir), 'w')).plan);
  assert.is(new Set(plans.map((plan) => plan?.digest)).size, 1);
  assert.equal(
    plans.map((plan) => plan?.dirty),
    [false, false, false, true],
  );
  assert.equal(
    plans.map((plan) => plan?.commit === null),
    [true, false, false, false],
  );
  write(dir, { 'activities/shared/a.ts': SCRIPT.replace('return input', 'return { input }') });
  const changed = (await compileWorkflow(await open(dir), 'w')).plan;
  assert.is.not(changed?.digest, plans[0]?.digest);
});

test('CP-24 scripts and built-ins resolve to the project of the run and to the built-ins', async () => {
  const workflow =
    'id: w\nname: W\nrootChildren: [a, b]\nactivities: [{ id: a, script: ./activities/shared/a.ts }, { id: b, script: "@aidbox-billing/fhir/search" }]\n';
  const dir = repository({
    ...FILES,
    'activities/shared/a.ts': SCRIPT.replace('nothing', 'one'),
    'workflows/w.yaml': workflow,
  });
  const compiled = await compileWorkflow(await open(dir), 'w');
  const [a, b] = compiled.plan?.activities ?? [];
  assert.match(compiled.bundles.get(a?.bundle ?? '')?.code ?? '', 'Does one');
  assert.match(compiled.bundles.get(b?.bundle ?? '')?.code ?? '', 'Does nothing');
});

test('CP-25 a script that leaves activities/ through a link is refused, one that stays inside is followed', async () => {
  const outside = folders.make({ 'secret.ts': SCRIPT });
  const ids = ['file', 'folder', 'rule', 'inside', 'loop'];
  const dir = folders.make({
    ...FILES,
    'validation-rules/r.ts': SCRIPT,
    'workflows/v.yaml': `id: v\nname: V\nrootChildren: [${ids.join(', ')}]\nactivities:\n${ids.map((id) => `  - { id: ${id}, script: ./activities/${id === 'folder' ? 'folder/secret' : id}.ts }\n`).join('')}`,
  });
  symlinkSync(join(outside, 'secret.ts'), join(dir, 'activities/file.ts'));
  symlinkSync(outside, join(dir, 'activities/folder'));
  symlinkSync('../validation-rules/r.ts', join(dir, 'activities/rule.ts'));
  symlinkSync('shared/a.ts', join(dir, 'activities/inside.ts'));
  symlinkSync('loop.ts', join(dir, 'activities/loop.ts'));
  symlinkSync('..', join(dir, 'activities/shared/up'));
  const project = await open(dir);
  const { plan, problems } = await compileWorkflow(project, 'v');
  assert.is(plan, null);
  assert.equal(
    problems.map(({ found }) => found),
    ['file', 'folder/secret', 'rule', 'loop'].map((name) => `no file activities/${name}.ts`),
  );
  assert.is(project.files.get('activities/inside.ts'), SCRIPT);
});

test('CP-25 a link in a commit is never followed', async () => {
  const dir = folders.make(FILES);
  symlinkSync('shared/a.ts', join(dir, 'activities/inside.ts'));
  symlinkSync('/etc', join(dir, 'validation-rules'));
  git(dir, 'init', '-q', '-b', 'main');
  git(dir, 'add', '.');
  git(dir, 'commit', '-q', '-m', 'links');
  const { files } = await open(dir, { mode: 'commit' });
  assert.equal([...files.keys()], ['activities/shared/a.ts', 'workflows/w.yaml']);
});

test('an area that is itself a link out of the project is not read', async () => {
  const outside = folders.make({ 'x.ts': SCRIPT });
  const dir = folders.make({ 'workflows/w.yaml': FILES['workflows/w.yaml'] ?? '' });
  symlinkSync(outside, join(dir, 'activities'));
  assert.equal([...(await open(dir)).files.keys()], ['workflows/w.yaml']);
});

test('no hook or file watcher of a repository is started by reading it', async () => {
  const dir = repository();
  const witness = join(dir, 'ran');
  const script = join(dir, 'evil.sh');
  writeFileSync(script, `#!/bin/sh\ntouch ${witness}\n`);
  chmodSync(script, 0o755);
  git(dir, 'config', 'core.fsmonitor', script);
  for (const hook of ['post-checkout', 'post-index-change', 'pre-commit', 'reference-transaction']) {
    mkdirSync(join(dir, '.git/hooks'), { recursive: true });
    writeFileSync(join(dir, '.git/hooks', hook), `#!/bin/sh\ntouch ${witness}\n`, { mode: 0o755 });
  }
  await open(dir);
  await open(dir, { mode: 'commit' });
  await open(dir, { branch: 'main', mode: 'commit' });
  assert.not(existsSync(witness));
});

test('folders that are no project are refused with a code', async () => {
  const file = join(folders.make({ x: '' }), 'x');
  assert.is(await codeOf(open('/nowhere/at/all')), 'PROJECT_NOT_FOUND');
  assert.is(await codeOf(open(file)), 'PROJECT_NOT_FOUND');
  assert.is(await codeOf(open(folders.make({ 'README.md': '' }))), 'PROJECT_EMPTY');
  assert.is(
    await codeOf(open(folders.make({ ...FILES, 'activities/big.ts': 'x'.repeat(3 * 1024 * 1024) }))),
    'PROJECT_TOO_LARGE',
  );
  const project = await open(folders.make(FILES));
  assert.is(await codeOf(compileWorkflow(project, 'nope')), 'WORKFLOW_NOT_FOUND');
  const unborn = folders.make(FILES);
  git(unborn, 'init', '-q', '-b', 'main');
  assert.is(await codeOf(open(unborn, { mode: 'commit' })), 'COMMIT_NOT_FOUND');
  const { commit, dirty, branch } = await open(unborn);
  assert.equal([commit, dirty, branch], [null, true, 'main']);
});

test('a project of too many files is refused on the disk and in a commit', async () => {
  const many = Object.fromEntries(Array.from({ length: 5_001 }, (_, n) => [`activities/${n}.ts`, '']));
  const dir = repository({ ...FILES, ...many });
  assert.is(await codeOf(open(dir)), 'PROJECT_TOO_LARGE');
  assert.is(await codeOf(open(dir, { mode: 'commit' })), 'PROJECT_TOO_LARGE');
});

test('node_modules and hidden folders are not read as files of the project', async () => {
  const dir = folders.make({ ...FILES, 'activities/node_modules/x/index.ts': SCRIPT, 'activities/.git/x.ts': SCRIPT });
  assert.equal([...(await open(dir)).files.keys()], ['activities/shared/a.ts', 'workflows/w.yaml']);
});

test.run();
