// timeout: 120
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENDPOINTS } from '../../host/api/server.ts';
import { type ApiStand, apiStand } from '../api/stand.ts';
import { processes } from '../durability/processes.ts';
import { type GitServer, gitServer } from './remote.ts';
import { codeOf, git, repositoryStand, type Stand } from './stand.ts';

const api = suite('endpoints of the repository');
const TOKEN = 'ghs_a-token-that-nobody-must-see';
const ADMIN = 'a-token-of-the-administrator';
const lines: string[] = [];
const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
let stand: Stand;
let server: GitServer;
let parts: ApiStand;
let base: string;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

async function call(method: string, path: string, body?: unknown, token = ADMIN): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(base + path, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = { status: response.status, body: JSON.parse(text), text };
  const schema = answersOf(method, path)[response.status]?.schema;
  if (schema) assert.ok(schema.safeParse(answer.body).success, `${method} ${path}: ${text}`);
  return answer;
}

function answersOf(method: string, path: string) {
  const found = ENDPOINTS.find((one) => one.method === method && one.path === path.split('?')[0]);
  assert.ok(found, path);
  return found?.answers ?? {};
}

api.before(async () => {
  stand = await repositoryStand({ 'workflows/a.yaml': 'id: a\n', 'README.md': 'first\n' });
  server = await gitServer({ root: stand.root, expects: `x-access-token:${TOKEN}` });
  parts = await apiStand();
  const repository = stand.repository({ remote: { url: `${server.url}/remote.git`, token: TOKEN }, log });
  const served = await parts.start({ kind: 'token', token: ADMIN }, { repository, log });
  base = served.url;
});
api.after(async () => {
  await parts[Symbol.asyncDispose]();
  await server.close();
  await stand.close();
});

api('API-1: every endpoint of the repository is there, takes ?branch= and answers as it declares', async () => {
  const first = await call('POST', '/repo/sync');
  assert.equal([first.status, first.body.cloned, first.body.before], [200, true, null]);
  const made = await call('POST', '/repo/branches', { name: 'feature/x', from: 'main' });
  assert.equal([made.status, made.body.worktree], [201, 'feature-x']);
  assert.is((await call('POST', '/repo/branches', { branch: 'older/name' })).status, 201);
  assert.is((await call('POST', '/repo/worktrees', { branch: 'feature/x' })).status, 200);
  await git(stand.desk, 'push', '-q', 'origin', 'main:refs/heads/theirs');
  assert.is((await call('POST', '/repo/worktrees?branch=theirs')).status, 201);
  await git(join(stand.worktrees, 'feature-x'), 'commit', '-q', '--allow-empty', '-m', 'mine');
  assert.equal((await call('POST', '/repo/push?branch=feature/x')).body.upToDate, false);
  assert.equal((await call('POST', '/repo/push', { branch: 'feature/x' })).body.upToDate, true);
  assert.equal((await call('GET', '/repo/status?branch=feature/x')).body.branch, 'feature/x');
  assert.is((await call('GET', '/repo/status')).body.remoteUrl, `${server.url}/remote.git`);
  assert.equal((await call('GET', '/repo/branches')).status, 200);
  assert.is((await call('GET', '/repo/diff?branch=feature/x')).body.base, 'main');
  assert.is(((await call('GET', '/repo/commits?branch=feature/x&limit=1')).body.commits as unknown[]).length, 1);
  const types = await call('POST', '/repo/sync-built-in?branch=feature/x');
  assert.ok((types.body.written as string[]).includes('manifests/types/built-in-activities.ts'));
  assert.is((await call('POST', '/repo/sync-built-in', { branch: 'feature/x' })).body.branch, 'feature/x');
  for (const one of ENDPOINTS.filter(({ path }) => path.startsWith('/repo/'))) {
    for (const branch of ['-x', 'a..b', '--upload-pack=x', '']) {
      const body = one.method === 'GET' ? undefined : {};
      const { status, body: told } = await call(one.method, `${one.path}?branch=${encodeURIComponent(branch)}`, body);
      assert.equal([status, told.code], [400, 'BRANCH_INVALID'], `${one.method} ${one.path} ${branch}`);
    }
  }
});

api('refusals have their codes', async () => {
  const refused = async (method: string, path: string, body: unknown, status: number, code: string) => {
    const answer = await call(method, path, body);
    assert.equal([answer.status, answer.body.code], [status, code], `${method} ${path}: ${answer.text}`);
  };
  await refused('POST', '/repo/branches', { name: 'feature/x' }, 409, 'BRANCH_EXISTS');
  await refused('POST', '/repo/branches', { name: 'feature-x' }, 409, 'WORKTREE_TAKEN');
  await refused('POST', '/repo/branches', { name: 'y', from: 'nowhere' }, 404, 'BRANCH_NOT_FOUND');
  await refused('POST', '/repo/branches', { name: '../y' }, 400, 'BRANCH_INVALID');
  await refused('POST', '/repo/branches', {}, 400, 'BODY_INVALID');
  await refused('POST', '/repo/branches', { name: 'y', force: true }, 400, 'BODY_INVALID');
  await refused('POST', '/repo/worktrees', {}, 400, 'BODY_INVALID');
  await refused('POST', '/repo/worktrees', { branch: 'nowhere' }, 404, 'BRANCH_NOT_FOUND');
  await refused('POST', '/repo/push', undefined, 409, 'BRANCH_IS_MAIN');
  await refused('GET', '/repo/diff?branch=nowhere', undefined, 404, 'BRANCH_NOT_FOUND');
  await refused('GET', '/repo/commits?limit=0', undefined, 400, 'BODY_INVALID');
  const theirs = await stand.commit({ 'README.md': 'theirs\n' });
  await git(stand.desk, 'push', '-q', '--force', 'origin', `${theirs}:refs/heads/feature/x`);
  await git(join(stand.worktrees, 'feature-x'), 'commit', '-q', '--allow-empty', '-m', 'mine');
  await refused('POST', '/repo/push?branch=feature/x', undefined, 409, 'PUSH_REJECTED');
  await stand.publish({ 'package.json': '{ "dependencies": { "none": "file:./none-1.0.0.tgz" } }' });
  await refused('POST', '/repo/sync', undefined, 502, 'NPM_INSTALL_FAILED');
  await rename(stand.bare, `${stand.bare}.gone`);
  await refused('POST', '/repo/sync', undefined, 502, 'GIT_FAILED');
  await rename(`${stand.bare}.gone`, stand.bare);
});

api('API-53: the token reaches the remote, and no answer, log line, file or list of processes', async () => {
  assert.ok(server.credentials.length > 0);
  assert.equal(new Set(server.credentials), new Set([`x-access-token:${TOKEN}`]));
  const seen = new Set<string>();
  let watching = true;
  const isLinux = process.platform === 'linux';
  const watch = (async () => {
    while (isLinux && watching) {
      for (const { command } of processes()) if (command.includes('git')) seen.add(command);
      await sleep(1);
    }
  })();
  const before = server.credentials.length;
  const answers = [
    await call('POST', '/repo/sync'),
    await call('GET', '/repo/status'),
    await call('GET', '/repo/branches'),
  ];
  const wrong = await gitServer({ root: stand.root, expects: 'x-access-token:another' });
  const repository = stand.repository({ remote: { url: `${wrong.url}/remote.git`, token: TOKEN }, log });
  const failure = await repository.sync().catch((error: Error) => error);
  log.error({ err: failure }, 'failed');
  watching = false;
  await watch;
  await wrong.close();
  assert.ok(server.credentials.length > before);
  if (isLinux) assert.match([...seen].join('\n'), /git-remote-http|git fetch/, 'the processes were seen');
  assert.equal(wrong.credentials.at(-1), `x-access-token:${TOKEN}`);
  const told = [...answers.map(({ text }) => text), ...lines, ...seen, String(failure), JSON.stringify(failure)].join(
    '\n',
  );
  assert.not.match(told, new RegExp(TOKEN));
  assert.not.match(told, new RegExp(Buffer.from(`x-access-token:${TOKEN}`).toString('base64')));
  for (const entry of await readdir(stand.root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'latin1');
    assert.not.ok(text.includes(TOKEN), join(entry.parentPath, entry.name));
  }
});

api('a token does not follow a redirect to another server, nor reach a helper of the user', async () => {
  const thief = await gitServer({ root: stand.root, expects: 'nobody:nothing', address: '127.0.0.2' });
  const liar = await gitServer({ root: stand.root, expects: 'nobody:nothing', redirectTo: thief.url });
  const repository = stand.repository({
    remote: { url: `${liar.url}/remote.git`, token: TOKEN },
    dir: join(stand.root, 'r'),
  });
  assert.is(await codeOf(repository.sync()), 'GIT_FAILED');
  assert.equal(thief.credentials, []);
  const helped = join(stand.root, 'helped');
  await writeFile(join(stand.dir, '.git/config.extra'), '');
  await git(stand.dir, 'config', 'credential.helper', `!cat >> ${helped}; :`);
  await call('POST', '/repo/sync');
  assert.not((await readdir(stand.root)).includes('helped'));
  await Promise.all([thief.close(), liar.close()]);
});

api.run();
