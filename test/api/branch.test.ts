// timeout: 120
import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunSummary } from '../../host/runs/view.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';
import { caller, eventually } from './call.ts';

const branches = suite('branches over the API');
let stand: TestHost;
let api: ReturnType<typeof caller>;

const version = (word: string) => ({
  ...script('version', `return { script: ${JSON.stringify(word)}, yaml: input.yaml };`),
  ...workflow('version', {
    name: `of ${word}`,
    rootChildren: ['tell'],
    activities: [{ id: 'tell', script: './activities/version.ts', params: { yaml: word } }],
  }),
});
/** A name that needs care in a URL and in a query of Temporal. */
const FEATURE = "feature/o'neil";

function git(...words: string[]): string {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', ['-C', stand.projectDir, ...identity, ...words], { encoding: 'utf8' }).trim();
}

branches.before(async () => {
  stand = await testHost(version('main'));
  api = caller(stand.host.url);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'main');
  git('checkout', '-qb', FEATURE);
  await stand.write({ ...version('feature'), ...workflow('only-here', { rootChildren: [], activities: [] }) });
  git('add', '.');
  git('commit', '-qm', 'feature');
  git('checkout', '-q', 'main');
});
branches.after(async () => {
  await stand.close();
});

const query = (branch: string) => `?branch=${encodeURIComponent(branch)}`;

branches('a run on a branch uses its YAML and scripts while runs on main use those of main', async () => {
  const [feature, main] = await Promise.all([
    api.post(`/workflows/version/run${query(FEATURE)}`, {}),
    api.post('/workflows/version/run', {}),
  ]);
  assert.equal([feature.body.branch, main.body.branch], [FEATURE, 'main']);
  const [onFeature, onMain] = [
    await stand.follow('version', feature.body.runId),
    await stand.follow('version', main.body.runId),
  ];
  assert.equal(activityOf(onFeature, 'tell').output, { script: 'feature', yaml: 'feature' });
  assert.equal(activityOf(onMain, 'tell').output, { script: 'main', yaml: 'main' });
  assert.equal([onFeature.commit, onMain.commit], [git('rev-parse', FEATURE), git('rev-parse', 'main')]);
  assert.equal([onFeature.branch, onMain.branch], [FEATURE, 'main']);
  assert.equal([onFeature.dirty, onMain.dirty], [false, false]);
  assert.is.not(onFeature.digest, onMain.digest);
});

branches('definitions are those of the branch', async () => {
  const names = async (branch: string) =>
    (await api.get(`/workflows${query(branch)}`)).body.workflows.map(({ name }: { name: string }) => name);
  assert.equal(await names('main'), ['of main']);
  assert.equal(await names(FEATURE), ['only-here', 'of feature']);
});

branches('a list is of one branch, or of all with *', async () => {
  const of = async (asked: string): Promise<(string | null)[]> =>
    (await api.get(`/workflows/version/runs${asked}`)).body.runs.map(({ branch }: RunSummary) => branch);
  await eventually(async () => ((await of(query('*'))).length === 2 ? true : null));
  assert.equal((await of(query('*'))).sort(), [FEATURE, 'main']);
  assert.equal(await of(''), ['main']);
  assert.equal(await of(query('main')), ['main']);
  assert.equal(await of(query(FEATURE)), [FEATURE]);
});

branches('an edit that is not committed runs from the working tree, and the run says so', async () => {
  await stand.write(version('edited'));
  const view = await stand.run('version');
  assert.equal(activityOf(view, 'tell').output, { script: 'edited', yaml: 'edited' });
  assert.equal([view.commit, view.dirty], [git('rev-parse', 'main'), true]);
});

branches('a name that git refuses is 400 on every path, an unknown branch 404', async () => {
  const paths = ['/workflows', '/workflows/version/run', '/workflows/version/runs', '/workflows/version/runs/x'];
  const ask = (path: string, branch: string) =>
    path.endsWith('/run') ? api.post(`${path}${query(branch)}`, {}) : api.get(`${path}${query(branch)}`);
  for (const path of paths) {
    for (const branch of ['', '-x', '--upload-pack=x', 'a..b', '../x', 'a b', 'x.lock', '@{1}', 'x'.repeat(500)]) {
      const { status, body } = await ask(path, branch);
      assert.is(status, 400, `${path} ${branch}: ${JSON.stringify(body)}`);
      assert.is(body.code, 'BRANCH_INVALID');
      assert.ok(JSON.stringify(body).length < 800);
    }
    const { status, body } = await ask(path, 'nowhere');
    assert.is(status, 404, `${path}: ${JSON.stringify(body)}`);
    assert.is(body.code, 'BRANCH_NOT_FOUND');
  }
  const twice = await api.get('/workflows?branch=main&branch=main');
  assert.is(twice.body.code, 'BRANCH_INVALID');
});

branches.run();
