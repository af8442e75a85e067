// timeout: 180
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../../host/embedded/port.ts';
import { temporaryFolder } from '../stand/project.ts';

const start = suite('cloister start');
const ROOT = join(import.meta.dirname, '../..');
const TOKEN = 'a-token-of-the-administrator';
const { PATH = '', HOME = '', TEMPORAL_CLI_PATH, CLOISTER_CACHE_DIR } = process.env;
const BASE = {
  PATH,
  HOME,
  ...(TEMPORAL_CLI_PATH && { TEMPORAL_CLI_PATH }),
  ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
};

async function refusal(env: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
  const command = [join(ROOT, 'host/bootstrap.mjs'), 'start'];
  const failed = await promisify(execFile)(process.execPath, command, { env: { ...BASE, ...env } }).catch(
    (error) => error,
  );
  return { code: failed.code, stderr: String(failed.stderr) };
}

start('everything that is missing is listed at once, and nothing is started', async () => {
  const { code, stderr } = await refusal({ WORKFLOW_DIR: '/no/such/folder', TEMPORAL_ADDRESS: '127.0.0.1:1' });
  assert.is(code, 1);
  for (const name of [
    'CLOISTER_API_TOKEN',
    'WORKFLOW_DIR',
    'AIDBOX_URL',
    'CLOISTER_TENANTS_FILE',
    'TEMPORAL_ADDRESS',
  ]) {
    assert.match(stderr, new RegExp(`${name}.* expected`));
  }
  assert.not.match(stderr, /\n\s+at /, 'no stack');
});

start('a repository without CONFIG_BRANCH, and Aidbox without credentials, are refused', async () => {
  const { code, stderr } = await refusal({
    WORKFLOW_DIR: ROOT,
    AIDBOX_URL: 'http://127.0.0.1:1',
    CLOISTER_API_TOKEN: TOKEN,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
  assert.is(code, 1);
  assert.match(stderr, /CONFIG_BRANCH/);
  assert.match(stderr, /AIDBOX_CLIENT_SECRET/);
  assert.not.match(stderr, /CLOISTER_API_TOKEN is not set/);
});

start('a host with an inspector is refused', async () => {
  const { code, stderr } = await refusal({ NODE_OPTIONS: '--inspect=127.0.0.1:0', CLOISTER_API_TOKEN: TOKEN });
  assert.is(code, 1);
  assert.match(stderr, /the inspector listens; expected none/);
});

async function git(cwd: string, ...words: string[]): Promise<void> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  await promisify(execFile)('git', [...identity, ...words], { cwd });
}

start('a host asks for its token, runs commits only, grants by file, and drains on SIGTERM', async () => {
  const folder = await temporaryFolder('start');
  const project = join(folder.path, 'project');
  await cp(join(ROOT, 'docs/examples/billing'), project, { recursive: true });
  await git(folder.path, 'init', '-q', '-b', 'live', project);
  await git(project, 'add', '.');
  await git(project, 'commit', '-qm', 'First');
  await writeFile(join(project, 'workflows/prebill.yaml'), 'id: [broken');
  await writeFile(join(folder.path, 'tenants.yaml'), 'org-1: { capabilities: [fhir, log] }\n');
  const port = await freePort();
  const host = spawn(process.execPath, [join(ROOT, 'host/bootstrap.mjs'), 'start'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...BASE,
      CLOISTER_EMBEDDED: 'true',
      CLOISTER_API_TOKEN: TOKEN,
      CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
      CLOISTER_DATA_DIR: join(folder.path, 'data'),
      CLOISTER_TENANTS_FILE: join(folder.path, 'tenants.yaml'),
      WORKFLOW_DIR: project,
      CONFIG_BRANCH: 'live',
      WORKER_SERVICE_PORT: String(port),
      LOG_LEVEL: 'warn',
    },
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: host.stderr })) {
    lines.push(line);
    if (line.startsWith('API on')) break;
  }
  assert.match(lines.at(-1) ?? '', /API on/, lines.join('\n'));
  const call = async (path: string, init: RequestInit = {}, token: string | null = TOKEN) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  try {
    assert.is((await call('/health', {}, null)).status, 200);
    assert.is((await call('/workflows', {}, null)).status, 401);
    assert.is((await call('/workflows', {}, 'a-token-of-somebody-else')).status, 401);
    const run = async (tenant: string) => {
      const body = JSON.stringify({ encounterId: 'none', tenantOrganizationId: tenant });
      const started = await call('/workflows/prebill/run', { method: 'POST', body });
      assert.is(started.status, 202, JSON.stringify(started.body));
      for (;;) {
        const view = await call(`/workflows/prebill/runs/${started.body.runId}`);
        if (view.body.status !== 'in-progress') return view.body;
        await new Promise((done) => setTimeout(done, 100));
      }
    };
    const granted = await run('org-1');
    assert.match(JSON.stringify(granted.error), /SCRIPT_ERROR/, 'the script ran, and found no such encounter');
    assert.match(String(granted.commit), /^[0-9a-f]{40}$/);
    const other = await run('org-2');
    assert.match(JSON.stringify(other.error), /CAPABILITY_REFUSED.*fhir/, 'nothing is granted without a row');
  } finally {
    host.kill('SIGTERM');
    const [code] = await once(host, 'exit');
    assert.is(code, 0);
    await folder.remove();
  }
});

start.run();
