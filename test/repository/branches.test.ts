// timeout: 90
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Repository } from '../../host/repository/index.ts';
import { temporaryFolder } from '../stand/project.ts';
import { codeOf, git, repositoryStand, type Stand } from './stand.ts';

const branches = suite('branches of the repository');
const FILES = { 'workflows/a.yaml': 'id: a\n', 'README.md': 'first\n' };
let stand: Stand;
let repository: Repository;
branches.before.each(async () => {
  stand = await repositoryStand(FILES);
  repository = stand.repository();
  await repository.sync();
});
branches.after.each(() => stand.close());

branches('API-45, API-54: a branch comes with its worktree, linked to the packages of the main clone', async () => {
  const head = await git(stand.desk, 'rev-parse', 'HEAD');
  const made = await repository.createBranch('feature/new-rule', null);
  assert.equal(made, { name: 'feature/new-rule', from: 'main', commit: head, worktree: 'feature-new-rule' });
  const dir = join(stand.worktrees, 'feature-new-rule');
  assert.is(await readlink(join(dir, 'node_modules')), join(stand.dir, 'node_modules'));
  assert.is(await git(dir, 'symbolic-ref', '--short', 'HEAD'), 'feature/new-rule');
  assert.is((await repository.status('feature/new-rule')).dirty, false);
  assert.equal(await repository.place('feature/new-rule'), { dir, branch: 'feature/new-rule', commit: head });

  await git(dir, 'commit', '-q', '--allow-empty', '-m', 'on it');
  const child = await repository.createBranch('child', 'feature/new-rule');
  assert.is(child.commit, await git(dir, 'rev-parse', 'HEAD'));
  for (const name of ['feature/new-rule', 'main', 'feature', 'feature/new-rule/deeper']) {
    assert.is(await codeOf(repository.createBranch(name, null)), 'BRANCH_EXISTS', name);
  }
  assert.is(await codeOf(repository.createBranch('feature-new-rule', null)), 'WORKTREE_TAKEN');
  assert.is(await codeOf(repository.createBranch('other', 'nowhere')), 'BRANCH_NOT_FOUND');
  await mkdir(join(stand.worktrees, 'mine'));
  assert.is(await codeOf(repository.createBranch('mine', null)), 'WORKTREE_TAKEN');
  assert.ok(existsSync(join(stand.worktrees, 'mine')), 'a folder of somebody else stays');
  assert.not(await git(stand.dir, 'rev-parse', '--verify', '-q', 'refs/heads/mine').catch(() => null));
});

branches('API-3: names that git refuses, and options, never reach git', async () => {
  for (const name of [
    '-x',
    '--upload-pack=x',
    '../x',
    'a..b',
    '',
    'a b',
    'x.lock',
    '@{1}',
    '/x',
    'a\nb',
    'x/',
    'HEAD',
    'ä'.repeat(150),
    'a\ud800',
  ]) {
    for (const ask of [
      () => repository.createBranch(name, null),
      () => repository.createBranch('ok', name),
      () => repository.openWorktree(name),
      () => repository.push(name),
      () => repository.status(name),
      () => repository.diff(name),
      () => repository.commits(name, 1),
      () => repository.writeTypes(name),
      () => repository.place(name),
    ]) {
      assert.is(await codeOf(ask()), 'BRANCH_INVALID', JSON.stringify(name));
    }
  }
  assert.equal(
    (await repository.branches()).map(({ name }) => name),
    ['main'],
  );
});

branches('a worktree is made for a branch of the remote, also one pushed since the last sync', async () => {
  const head = await stand.publish({ 'README.md': 'of it\n' }, 'theirs');
  assert.equal(await repository.openWorktree('theirs'), {
    created: true,
    branch: 'theirs',
    worktree: 'theirs',
    commit: head,
  });
  assert.equal((await repository.openWorktree('theirs')).created, false);
  assert.is(await readFile(join(stand.worktrees, 'theirs/README.md'), 'utf8'), 'of it\n');
  assert.is(await codeOf(repository.openWorktree('nowhere')), 'BRANCH_NOT_FOUND');
  assert.is(await codeOf(repository.openWorktree('main')), 'BRANCH_IS_MAIN');
  const listed = await repository.branches();
  assert.equal(
    listed.map(({ name, isMain, worktree }) => [name, isMain, worktree]),
    [
      ['main', true, null],
      ['theirs', false, 'theirs'],
    ],
  );
});

branches('API-2: a branch is read in its own worktree and nowhere else', async () => {
  await repository.createBranch('feature', null);
  await git(stand.dir, 'branch', 'bare');
  assert.is(await codeOf(repository.place('bare')), 'BRANCH_NOT_FOUND');
  await git(join(stand.worktrees, 'feature'), 'checkout', '-q', '-b', 'another');
  assert.is(await codeOf(repository.place('feature')), 'BRANCH_NOT_FOUND', 'another branch is checked out there');
  await git(join(stand.worktrees, 'feature'), 'checkout', '-q', 'feature');
  await rename(join(stand.worktrees, 'feature'), join(stand.root, 'away'));
  await symlink(join(stand.root, 'away'), join(stand.worktrees, 'feature'));
  assert.is(await codeOf(repository.place('feature')), 'BRANCH_NOT_FOUND', 'a link is no worktree');
  assert.is((await repository.place('main')).dir, stand.dir);
});

branches('API-54: a push takes the commits there, says when there are none, and is never forced', async () => {
  await repository.createBranch('feature', null);
  const dir = join(stand.worktrees, 'feature');
  await git(dir, 'commit', '-q', '--allow-empty', '-m', 'mine');
  const commit = await git(dir, 'rev-parse', 'HEAD');
  assert.equal(await repository.push('feature'), { branch: 'feature', commit, upToDate: false });
  assert.is(await git(stand.bare, 'rev-parse', 'feature'), commit);
  assert.is((await repository.push('feature')).upToDate, true);
  const theirs = await stand.commit({ 'README.md': 'theirs\n' });
  await git(stand.desk, 'push', '-q', '--force', 'origin', 'HEAD:refs/heads/feature');
  await git(dir, 'commit', '-q', '--allow-empty', '-m', 'mine again');
  assert.is(await codeOf(repository.push('feature')), 'PUSH_REJECTED');
  assert.is(await git(stand.bare, 'rev-parse', 'feature'), theirs);
  assert.is(await codeOf(repository.push('main')), 'BRANCH_IS_MAIN');
  assert.is(await codeOf(repository.push(null)), 'BRANCH_IS_MAIN');
  assert.is(await codeOf(repository.push('nowhere')), 'BRANCH_NOT_FOUND');
});

branches(
  'API-55: a diff shows what is committed and what is not, untracked files too, and changes nothing',
  async () => {
    await stand.publish({ 'gone.txt': 'gone\n', 'blob.bin': 'x\0y' });
    await repository.sync();
    await repository.createBranch('feature', null);
    const base = await git(stand.desk, 'rev-parse', 'HEAD');
    await stand.publish({ 'only-main.txt': 'main went on\n' });
    await repository.sync();
    const dir = join(stand.worktrees, 'feature');
    await writeFile(join(dir, 'README.md'), 'first\nsecond\n');
    await git(dir, 'commit', '-qam', 'committed');
    await writeFile(join(dir, 'README.md'), 'first\nthird\nfourth\n');
    await writeFile(join(dir, 'blob.bin'), 'x\0z');
    await rm(join(dir, 'gone.txt'));
    await writeFile(join(dir, 'new é.txt'), 'new\n');
    const state = await git(dir, 'status', '--porcelain');
    const diff = await repository.diff('feature');
    assert.equal([diff.branch, diff.base, diff.mergeBase], ['feature', 'main', base]);
    assert.equal(diff.committed.files, [{ path: 'README.md', status: 'modified', additions: 1, deletions: 0 }]);
    assert.match(diff.committed.patch, /^\+second$/m);
    assert.equal(diff.uncommitted.files, [
      { path: 'README.md', status: 'modified', additions: 2, deletions: 1 },
      { path: 'blob.bin', status: 'modified', additions: null, deletions: null },
      { path: 'gone.txt', status: 'deleted', additions: 0, deletions: 1 },
      { path: 'new é.txt', status: 'added', additions: 1, deletions: 0 },
    ]);
    assert.match(diff.uncommitted.patch, /^\+fourth$/m);
    assert.match(diff.uncommitted.patch, /^\+new$/m);
    assert.is(await git(dir, 'status', '--porcelain'), state);
    await writeFile(join(dir, 'long.txt'), 'a line of text\n'.repeat(400_000));
    const long = (await repository.diff('feature')).uncommitted;
    assert.equal([long.truncated, long.patch.length <= 4 * 1024 * 1024, long.files.length], [true, true, 5]);
  },
);

branches('commits are newest first, with whatever text they have; a status has no token', async () => {
  await git(stand.desk, 'commit', '-q', '--allow-empty', '-m', 'Tab\there\n\nand a second "line"');
  await git(stand.desk, 'push', '-q', 'origin', 'main');
  await repository.sync();
  const [newest, first, ...rest] = await repository.commits(null, 5);
  assert.equal(
    [newest?.message, newest?.author, first?.message, rest],
    ['Tab\there\n\nand a second "line"', 'Ada', 'a change', []],
  );
  assert.match(newest?.date ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.is((await repository.commits('main', 1)).length, 1);
  const status = await repository.status(null);
  assert.equal(status, { commit: newest?.hash, branch: 'main', remoteUrl: stand.url, dirty: false });
});

branches('a plain folder has branches of no kind, and what is open in an editor is not changed', async () => {
  const plain = await temporaryFolder('plain');
  const over = stand.repository({ dir: plain.path, mainBranch: null, remote: null });
  for (const ask of [
    () => over.sync(),
    () => over.status(null),
    () => over.branches(),
    () => over.createBranch('x', null),
    () => over.push('x'),
  ]) {
    assert.is(await codeOf(ask()), 'NOT_A_REPOSITORY');
  }
  assert.equal(await over.place(null), { dir: plain.path, branch: null, commit: null });
  assert.is(await codeOf(over.place('x')), 'BRANCH_NOT_FOUND');
  const edited = stand.repository({ dir: stand.desk, remote: null, edited: true });
  await writeFile(join(stand.desk, 'README.md'), 'half a thought\n');
  assert.equal([(await edited.status(null)).dirty, (await edited.diff(null)).uncommitted.files.length], [true, 1]);
  for (const ask of [() => edited.sync(), () => edited.clean(), () => edited.createBranch('x', null)]) {
    assert.is(await codeOf(ask()), 'NOT_CONFIGURED');
  }
  assert.is(await readFile(join(stand.desk, 'README.md'), 'utf8'), 'half a thought\n');
  await plain.remove();
});

branches.run();
