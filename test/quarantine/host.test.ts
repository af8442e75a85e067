// timeout: 240
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { QuarantineView } from '../../host/api/quarantines.ts';
import { freePort } from '../../host/embedded/port.ts';
import type { RunView } from '../../host/runs/view.ts';
import { cloister, type Ended } from '../cli/command.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

const test = suite('a production host that stops a commit');
const owned = new AsyncDisposableStack();
const ROOT = join(import.meta.dirname, '../..');
const TOKEN = 'a-token-of-the-administrator';
const { PATH = '', HOME = '', TEMPORAL_CLI_PATH, CLOISTER_CACHE_DIR } = process.env;
const NATIVE_LOOP = 'return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);';

const one = (id: string, more: Readonly<Record<string, unknown>> = {}) =>
  workflow(id, { rootChildren: ['it'], activities: [{ id: 'it', script: `./activities/${id}.ts`, ...more }] });

const FILES = {
  ...script('hang', NATIVE_LOOP),
  ...one('hang', { limits: { cpuMs: 200 }, retries: 3 }),
  ...script('fine', 'return { fine: true };'),
  ...one('fine'),
  ...script('sleepy', 'await new Promise((done) => setTimeout(done, 15_000)); return 1;'),
  ...workflow('slow', {
    rootChildren: ['first'],
    activities: [
      { id: 'first', script: './activities/sleepy.ts', children: ['it'] },
      { id: 'it', script: './activities/fine.ts', retries: 2 },
    ],
  }),
};

let folder: string;
let port: number;
let stop: () => Promise<number | null>;

async function git(...words: string[]): Promise<string> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  return (await promisify(execFile)('git', [...identity, ...words], { cwd: join(folder, 'project') })).stdout.trim();
}

async function commit(files: Readonly<Record<string, string>>): Promise<string> {
  await writeFiles(join(folder, 'project'), files);
  await git('add', '.');
  await git('commit', '-qm', 'A commit');
  return git('rev-parse', 'HEAD');
}

/** Starts the host over the folder, as after a restart. */
async function serve(): Promise<void> {
  const host = spawn(process.execPath, [join(ROOT, 'host/bootstrap.mjs'), 'start'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...{
        PATH,
        HOME,
        ...(TEMPORAL_CLI_PATH && { TEMPORAL_CLI_PATH }),
        ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
      },
      CLOISTER_EMBEDDED: 'true',
      CLOISTER_API_TOKEN: TOKEN,
      CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
      CLOISTER_DATA_DIR: join(folder, 'data'),
      CLOISTER_TENANTS_FILE: join(folder, 'tenants.yaml'),
      CLOISTER_QUARANTINE_KILLS: '2',
      DYNAMIC_RELOAD: 'true',
      WORKFLOW_DIR: join(folder, 'project'),
      CONFIG_BRANCH: 'live',
      WORKER_SERVICE_PORT: String(port),
      LOG_LEVEL: 'fatal',
    },
  });
  const ended = once(host, 'exit').then(([code]) => code as number | null);
  stop = async () => {
    host.kill('SIGTERM');
    return ended;
  };
  const lines: string[] = [];
  for await (const line of createInterface({ input: host.stderr })) {
    lines.push(line);
    if (line.startsWith('API on')) return;
  }
  throw new Error(lines.join('\n'));
}

async function call(path: string, method = 'GET', body?: object, token: string | null = TOKEN) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const start = (name: string, tenant: string) =>
  call(`/workflows/${name}/run`, 'POST', { tenantOrganizationId: tenant });

async function run(name: string, tenant: string): Promise<RunView> {
  const { status, body } = await start(name, tenant);
  assert.is(status, 202, JSON.stringify(body));
  return follow(name, String(body.runId));
}

async function follow(name: string, runId: string): Promise<RunView> {
  for (;;) {
    const view = (await call(`/workflows/${name}/runs/${runId}`)).body as unknown as RunView;
    if (view.status !== 'in-progress') return view;
    await sleep(100);
  }
}

async function standing(): Promise<readonly QuarantineView[]> {
  const { body } = await call('/quarantines');
  return body.quarantines as QuarantineView[];
}

/** Kills two cells; resolves when their commit is stopped. */
async function poison(): Promise<QuarantineView> {
  for (let n = 0; n < 2; n++) {
    const view = await run('hang', 'org-1');
    assert.is(view.error?.code, 'SCRIPT_CPU');
    assert.is(view.activities?.[0]?.attempts, 1, 'what ends the same every time is not tried again');
    // The cell is killed a second after the script was given up; meanwhile nothing is known.
    await sleep(2_000);
  }
  for (;;) {
    const [found] = await standing();
    if (found) return found;
    await sleep(100);
  }
}

test.before(async () => {
  const temporary = await temporaryFolder('stopped');
  owned.defer(() => temporary.remove());
  folder = temporary.path;
  port = await freePort();
  await writeFiles(folder, { 'project/.keep': '' });
  await writeFile(join(folder, 'tenants.yaml'), 'org-1: { capabilities: [log] }\norg-2: { capabilities: [log] }\n');
  await git('init', '-q', '-b', 'live', '.');
});
test.after(async () => {
  await owned.disposeAsync();
});

test('it is told, survives a restart, ends by a release, and another commit goes on', async () => {
  const first = await commit(FILES);
  await serve();
  owned.defer(async () => void (await stop()));
  const underWay = await start('slow', 'org-1');

  const stopped = await poison();
  assert.equal(
    [stopped.tenantOrganizationId, stopped.commit, stopped.digest, stopped.kills, stopped.status],
    ['org-1', first, null, 2, 'standing'],
  );
  assert.equal([stopped.last.workflow, stopped.last.activity, stopped.last.code], ['hang', 'it', 'SCRIPT_CPU']);

  // Nothing of the commit starts for the tenant, the harmless workflows neither; others go on.
  for (const name of ['hang', 'fine']) {
    const { status, body } = await start(name, 'org-1');
    assert.equal([status, body.code], [409, 'COMMIT_QUARANTINED']);
    for (const word of [first, 'org-1', stopped.since, stopped.id]) assert.match(String(body.error), word);
  }
  assert.is((await run('fine', 'org-2')).status, 'completed');

  // A run that was under way fails at its next activity, at once.
  const cut = await follow('slow', String(underWay.body.runId));
  const [before, after] = cut.activities ?? [];
  assert.is(before?.status, 'completed', JSON.stringify(cut.error));
  assert.equal([after?.error?.code, after?.attempts], ['COMMIT_QUARANTINED', 1]);
  assert.match(String(after?.error?.message), first);

  // Only the administrator sees and ends it.
  for (const token of [null, 'a-token-of-somebody-else']) {
    assert.is((await call('/quarantines', 'GET', undefined, token)).status, 401);
    assert.is((await call(`/quarantines/${stopped.id}/release`, 'POST', undefined, token)).status, 401);
  }

  assert.is(await stop(), 0);
  await serve();
  assert.is((await start('fine', 'org-1')).body.code, 'COMMIT_QUARANTINED');

  const released = await call(`/quarantines/${stopped.id}/release`, 'POST');
  assert.equal([released.status, released.body.status], [200, 'released']);
  assert.match(String(released.body.releasedBy), /^administrator at 127\.0\.0\.1$/);
  assert.equal(await call(`/quarantines/${stopped.id}/release`, 'POST'), released, 'released once is released');
  assert.equal(await standing(), []);
  assert.is((await run('fine', 'org-1')).status, 'completed');

  const again = await poison();
  assert.is.not(again.id, stopped.id);
  const second = await commit(script('hang', 'return { mended: true };'));
  const mended = await run('hang', 'org-1');
  assert.equal([mended.status, mended.commit], ['completed', second]);
  assert.is((await standing()).length, 1, 'the first commit stays stopped');

  await shows(again);
  assert.is(await stop(), 0);
  audited(first, again);
});

/** What an operator sees on the command line, and is told for a mistake. */
async function shows(stopped: QuarantineView): Promise<void> {
  const api = `http://127.0.0.1:${port}`;
  const command = (...words: string[]): Promise<Ended> => {
    process.env.CLOISTER_API_TOKEN = TOKEN;
    return cloister(folder, 'quarantine', ...words, '--api', api).finally(() => delete process.env.CLOISTER_API_TOKEN);
  };
  const list = await command('list');
  assert.equal([list.code, list.stderr], [0, '']);
  for (const word of [stopped.id, String(stopped.commit), 'org-1', 'SCRIPT_CPU']) assert.match(list.stdout, word);
  assert.match((await command('list', '--tenant', 'org-2')).stdout, 'nothing is in quarantine');
  assert.equal(JSON.parse((await command('list', '--json')).stdout), { quarantines: [stopped] });
  const missing = await command('release', '0'.repeat(32));
  assert.is(missing.code, 2);
  assert.match(missing.stderr, 'QUARANTINE_NOT_FOUND');
  const released = await command('release', stopped.id, '--json');
  assert.is(JSON.parse(released.stdout).status, 'released');
  const all = JSON.parse((await command('list', '--released', '--json')).stdout).quarantines as QuarantineView[];
  assert.is(all.length, 2);
  for (const [path, code] of [
    ['/quarantines?status=both', 'BODY_INVALID'],
    ['/quarantines?tenant=a%2Fb', 'BODY_INVALID'],
    ['/quarantines?tenant=a&tenant=b', 'BODY_INVALID'],
  ] as const) {
    const { status, body } = await call(path);
    assert.equal([status, body.code], [400, code]);
  }
  for (const id of ['nothing', '..%2Fx', "'; drop table quarantines"]) {
    const { status, body } = await call(`/quarantines/${encodeURIComponent(id)}/release`, 'POST');
    assert.equal([status, body.code], [404, 'QUARANTINE_NOT_FOUND']);
  }
  assert.is((await call('/quarantines', 'POST', {})).status, 405);
}

/** The events of all that in the table, beside those of calls. */
function audited(commit: string, last: QuarantineView): void {
  using db = new DatabaseSync(join(folder, 'data', 'supabase.db'), { readOnly: true });
  const rows = db.prepare("select * from audit_events where kind <> 'write' order by time").all();
  const told = rows.map(({ kind, code, method, actor }) => [kind, code, method, actor]);
  const begun = ['quarantined', 'COMMIT_QUARANTINED', 'quarantine.begin', null];
  const released = ['released', 'COMMIT_QUARANTINED', 'quarantine.release', 'administrator at 127.0.0.1'];
  const cut = ['denied', 'COMMIT_QUARANTINED', 'activity', null];
  assert.equal(told, [begun, cut, released, begun, released]);
  for (const row of rows) assert.is(row.tenant, 'org-1');
  assert.is(rows[3]?.run_id, last.last.runId);
  const versions = db.prepare('select distinct version from quarantines').all();
  assert.equal(
    versions.map(({ version }) => version),
    [`commit:${commit}`],
  );
}

test.run();
