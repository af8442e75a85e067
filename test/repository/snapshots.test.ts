// timeout: 120
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PlanShelf } from '../../host/plans.ts';
import type { Repository } from '../../host/repository/index.ts';
import { TenantSeparation } from '../../host/separation.ts';
import { createFileStore, type Plan } from '../../registry/index.ts';
import { createSandbox, DEFAULT_LIMITS, type Sandbox } from '../../sandbox/index.ts';
import { packPackage, script, workflow } from '../stand/project.ts';
import { codeOf, git, repositoryStand, type Stand } from './stand.ts';

const snapshots = suite('snapshots of the repository');
let stand: Stand;
let sandbox: Sandbox;

/** A project in which every file says the same word. */
const saying = (word: string, more = '') => ({
  ...script('one', `return { script: word, yaml: input.yaml };`, `import { word } from './shared/word.ts';\n${more}`),
  ...script('two', `return { script: ${JSON.stringify(word)}, yaml: input.yaml };`),
  'activities/shared/word.ts': `export const word = ${JSON.stringify(word)};\n`,
  ...workflow('say', {
    name: word,
    rootChildren: ['one', 'two'],
    activities: ['one', 'two'].map((id) => ({ id, script: `./activities/${id}.ts`, params: { yaml: word } })),
  }),
});

snapshots.before.each(async () => {
  stand = await repositoryStand(saying('first'));
  sandbox = createSandbox({ spare: false });
});
snapshots.after.each(async () => {
  await sandbox.close();
  await stand.close();
});

function shelfOver(repository: Repository, reload: boolean): Promise<PlanShelf> {
  const log = pino({ level: 'silent' });
  return PlanShelf.open({
    project: { kind: 'commits', repository, reload },
    store: createFileStore(join(stand.root, 'code')),
    plugins: null,
    builtInDir: null,
    payloadMaxBytes: 100_000,
    unscopedRuns: 'allow',
    separation: new TenantSeparation(async () => ({ ok: true, asked: true, reason: null }), log),
    build: sandbox.build.bind(sandbox),
    progress: () => undefined,
    log,
  });
}

/** A run as the walk makes it: pinned first, then each script out of the store. */
async function runOf(shelf: PlanShelf, branch: string | null = null) {
  const { pin, branch: name } = await shelf.check('say', branch, {});
  const loaded = await shelf.load({
    workflow: 'say',
    branch: name,
    input: {},
    trigger: { type: 'manual', id: null },
    pin,
  });
  assert.ok(loaded.ok);
  const { plan } = loaded as { plan: Plan };
  const outputs = [];
  for (const activity of plan.activities) {
    assert.is(activity.problem, null, JSON.stringify(activity.problem));
    const bundle = await shelf.bundle(activity.bundle ?? '');
    assert.ok(bundle);
    const [[, value] = ['yaml', null]] = activity.params.entries;
    const outcome = await sandbox.run({
      cell: 'unscoped',
      bundle: bundle as NonNullable<typeof bundle>,
      entry: 'main',
      params: JSON.stringify({ yaml: value?.kind === 'literal' ? value.value : null }),
      run: {
        id: 'run',
        workflow: 'say',
        activity: activity.id,
        attempt: 1,
        startedAt: new Date().toISOString(),
        deterministic: false,
      },
      env: {},
      limits: DEFAULT_LIMITS,
      signal: new AbortController().signal,
      call: async () => null,
      log: () => undefined,
    });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    outputs.push(outcome.ok ? (JSON.parse(outcome.output) as { script: string; yaml: string; dep?: string }) : null);
  }
  return { commit: pin.commit, outputs };
}

const wordOf = async (shelf: PlanShelf, branch: string | null = null) =>
  (await runOf(shelf, branch)).outputs[0]?.script;

snapshots('API-46: with reload, a commit takes effect in the next run, from its checkout; edits do not', async () => {
  const repository = stand.repository();
  await repository.sync();
  const shelf = await shelfOver(repository, true);
  const first = await runOf(shelf);
  assert.is(first.outputs[0]?.script, 'first');
  assert.ok(existsSync(join(stand.checkouts, String(first.commit), 'activities/one.ts')));
  const commit = await stand.publish(saying('second'));
  assert.is(await wordOf(shelf), 'first', 'not synced yet');
  await repository.sync();
  const second = await runOf(shelf);
  assert.equal([second.outputs[0]?.script, second.outputs[1]?.yaml, second.commit], ['second', 'second', commit]);
  await writeFile(join(stand.dir, 'activities/two.ts'), 'an edit that is not committed');
  await writeFile(join(stand.checkouts, commit, 'activities/two.ts'), 'an edit of the checkout');
  assert.is(await wordOf(shelf), 'second');
  await rm(join(stand.checkouts, commit), { recursive: true });
  assert.is(await wordOf(shelf), 'second');
  assert.ok(existsSync(join(stand.checkouts, commit)), 'a checkout that was removed is made again');
});

snapshots('where main is costs no process of git, and git is asked where its ref is packed', async () => {
  const repository = stand.repository();
  await repository.sync();
  const commit = await stand.publish(saying('second'));
  await repository.sync();
  const { PATH } = process.env;
  process.env.PATH = '/nowhere';
  try {
    assert.is((await repository.place(null)).commit, commit);
  } finally {
    process.env.PATH = PATH;
  }
  await git(stand.dir, 'pack-refs', '--all');
  assert.not(existsSync(join(stand.dir, '.git/refs/heads/main')));
  assert.is((await repository.place('main')).commit, commit);
  const later = await stand.publish(saying('third'));
  await repository.sync();
  assert.is((await repository.place(null)).commit, later);
});

snapshots('API-47: without reload, nothing that is committed takes effect before a restart', async () => {
  const repository = stand.repository();
  await repository.sync();
  const shelf = await shelfOver(repository, false);
  await repository.createBranch('feature', null);
  assert.equal([await wordOf(shelf), await wordOf(shelf, 'feature')], ['first', 'first']);
  await stand.publish(saying('second'));
  await repository.sync();
  assert.equal([await wordOf(shelf), (await shelf.workflows(null))[0]?.name], ['first', 'first']);
  assert.not(existsSync(stand.checkouts));
  assert.is(await wordOf(await shelfOver(stand.repository(), false)), 'second');
});

snapshots(
  'API-2, API-48: a branch runs out of its worktree, main out of main, and no worktree is no branch',
  async () => {
    const repository = stand.repository();
    await repository.sync();
    const shelf = await shelfOver(repository, true);
    await stand.publish(saying('theirs'), 'theirs');
    await repository.sync();
    assert.is(await codeOf(shelf.check('say', 'theirs', {})), 'BRANCH_NOT_FOUND');
    await repository.openWorktree('theirs');
    assert.equal(await Promise.all([wordOf(shelf, 'theirs'), wordOf(shelf), wordOf(shelf, 'main')]), [
      'theirs',
      'first',
      'first',
    ]);
    await git(stand.desk, 'push', '-q', 'origin', '--delete', 'theirs');
    await repository.sync();
    assert.is(await codeOf(shelf.branch('theirs')), 'BRANCH_NOT_FOUND');
  },
);

snapshots('API-27: under load, while commits, packages and syncs come, each run is of one commit only', async () => {
  for (const n of [1, 2]) {
    await packPackage(stand.desk, `dep${n}`, { 'index.js': `module.exports = 'package ${n}';\n` });
  }
  const using = (n: number) => ({
    'package.json': JSON.stringify({ private: true, dependencies: { [`dep${n}`]: `file:./dep${n}-1.0.0.tgz` } }),
  });
  const published = new Map<string, string>();
  const publish = async (word: string, n: number) => {
    const files = { ...saying(word, `import dep from 'dep${n}';\nexport const used = dep;`), ...using(n) };
    published.set(await stand.publish(files), word);
  };
  await publish('word 0', 1);
  const [repository, other] = [stand.repository(), stand.repository()];
  await repository.sync();
  const shelf = await shelfOver(repository, true);
  const runs: Awaited<ReturnType<typeof runOf>>[] = [];
  let writing = true;
  const runner = async () => {
    while (writing) runs.push(await runOf(shelf));
  };
  const write = async () => {
    for (let n = 1; n <= 6; n += 1) {
      await publish(`word ${n}`, n % 4 < 2 ? 1 : 2);
      await Promise.all([repository.sync(), n % 4 === 3 ? other.sync() : null]);
    }
  };
  const writer = write().finally(() => {
    writing = false;
  });
  for (const ended of await Promise.allSettled([writer, runner(), runner()])) {
    assert.is(ended.status, 'fulfilled', ended.status === 'rejected' ? String(ended.reason?.stack) : '');
  }
  for (const { commit, outputs } of runs) {
    const word = published.get(String(commit));
    const expected = { script: word, yaml: word };
    assert.equal(outputs, [expected, expected], `a run of ${commit}`);
  }
  const seen = new Set(runs.map(({ commit }) => commit));
  assert.ok(seen.size >= 3, `${runs.length} runs met ${seen.size} commits`);
  assert.is(await wordOf(shelf), 'word 6');
});

snapshots.run();
