// timeout: 90
import { existsSync } from 'node:fs';
import { lstat, mkdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packPackage, temporaryFolder } from '../stand/project.ts';
import { codeOf, git, repositoryStand, type Stand } from './stand.ts';

const sync = suite('sync of the repository');
const FILES = { 'workflows/a.yaml': 'id: a\n', 'README.md': 'first\n' };
let stand: Stand;
sync.before.each(async () => {
  stand = await repositoryStand(FILES);
});
sync.after.each(() => stand.close());

sync(
  'API-49: the first sync clones, later ones end with main equal to the remote HEAD, whatever was done here',
  async () => {
    const repository = stand.repository();
    const first = await repository.sync();
    const head = await git(stand.desk, 'rev-parse', 'HEAD');
    assert.equal([first.cloned, first.before, first.after, first.branch], [true, null, head, 'main']);
    assert.is(await readFile(join(stand.dir, 'README.md'), 'utf8'), 'first\n');
    assert.equal((await repository.sync()).cloned, false);

    await writeFile(join(stand.dir, 'README.md'), 'edited here\n');
    await git(stand.dir, 'commit', '-qam', 'here');
    const next = await stand.publish({ 'README.md': 'second\n' });
    const second = await repository.sync();
    assert.is(second.after, next);
    assert.is(await git(stand.dir, 'rev-parse', 'main'), next);
    assert.is(await readFile(join(stand.dir, 'README.md'), 'utf8'), 'second\n');

    await git(stand.desk, 'reset', '-q', '--hard', head);
    await git(stand.desk, 'push', '-q', '--force', 'origin', 'main');
    assert.is((await repository.sync()).after, head);
    assert.is(await readFile(join(stand.dir, 'README.md'), 'utf8'), 'first\n');
  },
);

sync('calls at once share one sync, and two hosts over the same folders end with one whole clone', async () => {
  const [one, other] = [stand.repository(), stand.repository()];
  const first = one.sync();
  assert.is(one.sync(), first);
  const [a, b] = await Promise.all([first, other.sync()]);
  assert.equal([a.cloned, b.cloned].sort(), [false, true]);
  assert.is(await git(stand.dir, 'status', '--porcelain'), '');
});

sync('API-50: npm runs when package.json changed or failed before, and never for anything else', async () => {
  const manifest = (more: object) => JSON.stringify({ name: 'p', private: true, type: 'module', ...more });
  const script = { scripts: { postinstall: 'touch ran', preinstall: 'touch ran' } };
  await packPackage(stand.desk, 'dep', {
    'package.json': JSON.stringify({ name: 'dep', version: '1.0.0', scripts: { install: 'touch ../../ran' } }),
    'index.js': 'export default 1;\n',
  });
  const repository = stand.repository();
  await repository.sync();
  const ran = async () => (await repository.sync()).npmInstall.ran;
  assert.is(await ran(), false, 'there is no package.json');
  await stand.publish({ 'package.json': manifest({ ...script, dependencies: { dep: 'file:./dep-1.0.0.tgz' } }) });
  assert.is(await ran(), true);
  assert.ok(existsSync(join(stand.dir, 'node_modules/dep/index.js')));
  assert.not(existsSync(join(stand.dir, 'ran')), 'an install script ran');
  assert.is(await ran(), false);
  await stand.publish({ 'README.md': 'other\n' });
  assert.is(await ran(), false, 'something else changed');
  assert.is((await repository.status(null)).dirty, false, 'packages are no change');

  await stand.publish({ 'package.json': manifest({ dependencies: { dep: 'file:./none-1.0.0.tgz' } }) });
  const failed = await repository.sync().catch((error: unknown) => error);
  assert.is((failed as { code: string }).code, 'NPM_INSTALL_FAILED');
  assert.not.match(JSON.stringify(failed), new RegExp(stand.root), 'no folder of the host');
  assert.is(await codeOf(repository.sync()), 'NPM_INSTALL_FAILED', 'it is tried again');
  assert.is(await codeOf(repository.healthy()), 'NPM_INSTALL_FAILED');
  await stand.publish({
    'package.json': manifest({ version: '3.0.0', dependencies: { dep: 'file:./dep-1.0.0.tgz' } }),
  });
  assert.is(await ran(), true);
  assert.is(await codeOf(repository.healthy()), null);
});

sync('API-51: worktrees of deleted branches go; those never pushed, in use, or with work in them stay', async () => {
  const repository = stand.repository();
  await repository.sync();
  for (const name of ['gone/merged', 'gone/busy', 'gone/edited', 'gone/unknown']) {
    await repository.createBranch(name, null);
    await repository.push(name);
  }
  await repository.createBranch('never/pushed', null);
  await writeFile(join(stand.worktrees, 'gone-edited/new.txt'), 'nowhere else');
  await git(stand.desk, 'push', '-q', 'origin', '--delete', 'gone/merged', 'gone/busy', 'gone/edited');
  stand.runs.branches.add('gone/busy');
  const report = await repository.sync();
  assert.equal(report.removedWorktrees, ['gone-merged']);
  assert.equal(
    [...report.keptWorktrees].sort((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: 'gone-busy', reason: 'in-use' },
      { name: 'gone-edited', reason: 'uncommitted' },
    ],
  );
  assert.not(existsSync(join(stand.worktrees, 'gone-merged')));
  for (const name of ['gone-busy', 'gone-edited', 'never-pushed', 'gone-unknown']) {
    assert.ok(existsSync(join(stand.worktrees, name)), name);
  }
  assert.match(await git(stand.dir, 'for-each-ref', 'refs/cloister/removed'), /gone-merged/, 'its commits are kept');

  stand.runs.branches.clear();
  stand.runs.answers = false;
  assert.equal((await repository.sync()).removedWorktrees, [], 'nobody knows which runs are open');
  stand.runs.answers = true;
  assert.equal((await repository.clean()).removedWorktrees, ['gone-busy']);
  await repository.createBranch('gone/merged', null);
});

sync('clean worktrees follow their branch on the remote, others are left alone', async () => {
  const repository = stand.repository();
  await repository.sync();
  const next = await stand.publish({ 'README.md': 'next\n' }, 'feature');
  for (const name of ['clean', 'edited', 'ahead'])
    await git(stand.desk, 'push', '-q', 'origin', `main~1:refs/heads/${name}`);
  for (const name of ['clean', 'edited', 'ahead']) await repository.openWorktree(name);
  await writeFile(join(stand.worktrees, 'edited/README.md'), 'mine\n');
  await writeFile(join(stand.worktrees, 'ahead/mine.txt'), 'mine\n');
  await git(join(stand.worktrees, 'ahead'), 'add', '-A');
  await git(join(stand.worktrees, 'ahead'), 'commit', '-qm', 'mine');
  for (const name of ['clean', 'edited', 'ahead'])
    await git(stand.desk, 'push', '-q', 'origin', `${next}:refs/heads/${name}`);
  await repository.sync();
  const at = (name: string) => git(join(stand.worktrees, name), 'rev-parse', 'HEAD');
  assert.is(await at('clean'), next);
  assert.is.not(await at('edited'), next);
  assert.is(await readFile(join(stand.worktrees, 'edited/README.md'), 'utf8'), 'mine\n');
  assert.is(await git(join(stand.worktrees, 'ahead'), 'log', '-1', '--format=%s'), 'mine');
});

sync('API-51: checkouts stay while they are the newest of a branch or an open run is pinned to them', async () => {
  const repository = stand.repository();
  const { after: first } = await repository.sync();
  await repository.createBranch('feature', null);
  const second = await stand.publish({ 'README.md': '2\n' });
  const third = await stand.publish({ 'README.md': '3\n' });
  await repository.sync();
  for (const commit of [first, second, third]) await repository.checkout(commit);
  const fourth = await stand.publish({ 'README.md': '4\n' });
  stand.runs.commits.add(second);
  assert.equal((await repository.sync()).prunedCheckouts, [third]);
  await repository.checkout(fourth);
  stand.runs.commits.clear();
  assert.equal((await repository.sync()).prunedCheckouts, [second]);
  assert.equal(
    [first, fourth].map((commit) => existsSync(join(stand.checkouts, commit, 'README.md'))),
    [true, true],
  );
});

sync('two hosts that make one checkout at once end with one whole one, linked to the packages', async () => {
  const [one, other] = [stand.repository(), stand.repository()];
  const { after } = await one.sync();
  await Promise.all([1, 2, 3].flatMap(() => [one.checkout(after), other.checkout(after)]));
  const checkout = join(stand.checkouts, after);
  assert.is(await readlink(join(checkout, 'node_modules')), join(stand.dir, 'node_modules'));
  assert.is(await git(checkout, 'rev-parse', 'HEAD'), after);
  assert.is(await git(checkout, 'status', '--porcelain'), '');
  assert.not(await git(checkout, 'symbolic-ref', '-q', 'HEAD').catch(() => null), 'detached');
  assert.is((await git(stand.dir, 'worktree', 'list')).split('\n').length, 2);
  await rm(checkout, { recursive: true });
  await one.checkout(after);
  assert.ok(existsSync(join(checkout, 'README.md')), 'made again');
});

sync(
  'API-52: another GIT_REPO_URL leads to a fresh clone without worktrees, checkouts and files of the old one',
  async () => {
    const before = stand.repository();
    const { after } = await before.sync();
    await before.createBranch('feature', null);
    await before.checkout(after);
    await writeFile(join(stand.dir, 'left.txt'), 'left');
    const other = await repositoryStand({ 'workflows/b.yaml': 'id: b\n' });
    try {
      const repository = stand.repository({ remote: { url: other.url, token: null } });
      const report = await repository.sync();
      assert.equal([report.cloned, report.after], [true, await git(other.desk, 'rev-parse', 'HEAD')]);
      assert.not(existsSync(join(stand.worktrees, 'feature')));
      assert.not(existsSync(join(stand.checkouts, after)));
      assert.equal(
        ['left.txt', 'README.md'].map((name) => existsSync(join(stand.dir, name))),
        [false, false],
      );
      assert.ok(existsSync(join(stand.dir, 'workflows/b.yaml')));
      assert.is((await repository.status(null)).remoteUrl, other.url);
      assert.is((await repository.sync()).cloned, false);
      assert.is((await stand.repository({ remote: { url: `${other.url}/`, token: 'a-token' } }).sync()).cloned, false);
    } finally {
      await other.close();
    }
  },
);

sync('a clone that a dead host left half-made is never used, at whatever point it died', async () => {
  const repository = stand.repository();
  const { after } = await repository.sync();
  await repository.createBranch('feature', null);
  // Died while cloning, beside a whole repository.
  await mkdir(join(stand.dir, '.cloister-clone-dead/new/.git'), { recursive: true });
  assert.is((await repository.place(null)).commit, after);
  assert.is((await repository.sync()).cloned, false);
  assert.not(existsSync(join(stand.dir, '.cloister-clone-dead')), 'what it left is removed');
  // Died between the two renamings: no repository, files of the old one.
  await mkdir(join(stand.dir, '.cloister-clone-dead'));
  await rename(join(stand.dir, '.git'), join(stand.dir, '.cloister-clone-dead/old'));
  assert.is(await codeOf(repository.place(null)), 'PROJECT_UNUSABLE', 'its files are not read as a plain folder');
  assert.is((await repository.sync()).cloned, true);
  assert.equal(
    [await git(stand.dir, 'status', '--porcelain'), existsSync(join(stand.worktrees, 'feature'))],
    ['', false],
  );
  // Died before the files were checked out.
  await writeFile(join(stand.dir, '.git/cloister-unfinished'), '');
  await rm(join(stand.dir, 'workflows'), { recursive: true });
  assert.is((await repository.place(null)).commit, after);
  await repository.sync();
  assert.ok(existsSync(join(stand.dir, 'workflows/a.yaml')));
});

sync('somebody’s files are not cloned over, a remote that is gone leaves the old clone, and says so', async () => {
  const repository = stand.repository();
  await mkdir(stand.dir);
  await writeFile(join(stand.dir, 'mine.txt'), 'mine');
  assert.is(await codeOf(repository.sync()), 'NOT_A_REPOSITORY');
  assert.is(await readFile(join(stand.dir, 'mine.txt'), 'utf8'), 'mine');
  await rm(join(stand.dir, 'mine.txt'));
  const { after } = await repository.sync();
  await rename(stand.bare, `${stand.bare}.gone`);
  assert.is(await codeOf(repository.sync()), 'GIT_FAILED');
  assert.is(await codeOf(repository.healthy()), 'GIT_FAILED');
  assert.is((await repository.place(null)).commit, after);
  const elsewhere = stand.repository({ remote: { url: 'file:///no/such/remote.git', token: null } });
  assert.is(await codeOf(elsewhere.sync()), 'GIT_FAILED');
  assert.is((await repository.place(null)).commit, after, 'a clone that fails takes nothing away');
  assert.equal((await lstat(join(stand.dir, '.git'))).isDirectory(), true);
});

sync('nothing that a repository names is started: hooks, filters, file watchers, transports', async () => {
  const witness = await temporaryFolder('witness');
  const ran = join(witness.path, 'ran');
  const evil = `sh -c 'touch ${ran}; cat'`;
  await stand.publish({ '.gitattributes': '* filter=x diff=x\n', 'README.md': 'other\n' });
  const repository = stand.repository();
  await repository.sync();
  for (const hook of ['post-checkout', 'post-merge', 'reference-transaction', 'pre-push']) {
    await writeFile(join(stand.dir, '.git/hooks', hook), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
  }
  for (const name of ['filter.x.clean', 'filter.x.smudge', 'filter.x.process', 'core.fsmonitor', 'diff.external']) {
    await git(stand.dir, 'config', name, evil);
  }
  for (const name of ['diff.x.textconv', 'core.sshCommand', 'core.pager', 'credential.helper', 'gpg.program']) {
    await git(stand.dir, 'config', name, evil);
  }
  await git(stand.dir, 'config', 'log.showSignature', 'true');
  await git(stand.dir, 'config', 'remote.origin.uploadpack', evil);
  await stand.publish({ 'README.md': 'third\n' });
  await repository.sync();
  await repository.createBranch('feature', null);
  await writeFile(join(stand.worktrees, 'feature/README.md'), 'edited\n');
  await writeFile(join(stand.worktrees, 'feature/new.txt'), 'new\n');
  await repository.diff('feature');
  await repository.commits('feature', 5);
  await repository.status('feature');
  await repository.push('feature');
  await repository.checkout((await repository.status(null)).commit);
  await repository.sync();
  assert.not(existsSync(ran), 'a program of the repository was started');
  await git(stand.dir, 'config', 'remote.origin.url', `ext::sh -c 'touch ${ran}'`);
  assert.is(await codeOf(stand.repository({ remote: null }).sync()), 'GIT_FAILED');
  assert.not(existsSync(ran), 'a transport of the repository was started');
  await witness.remove();
});

sync.run();
