/** `cloister start` as a process of its own, everything embedded, over a project of telling scripts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../host/embedded/port.ts';
import { startWitness, telling, tellingProject, tenantsFile, type Witness } from '../durability/witness.ts';
import { temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

/** A host process that serves. */
export interface ProductionHost {
  readonly process: ChildProcess;
  /** Its exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
}

/** One installation: its data outlives its hosts. */
export interface Production extends AsyncDisposable {
  readonly witness: Witness;
  /** Starts a host over the data that the last one left. Rejects with what it said when it does not serve. */
  start(): Promise<ProductionHost>;
  /** Calls the API as the administrator. */
  call(path: string, init?: RequestInit): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Starts a workflow, `chain` of the activities a, b and c when none is named; its run id. */
  run(workflow?: string, input?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Waits for the end of a run; its status. */
  follow(runId: string, workflow?: string): Promise<unknown>;
}

const ROOT = join(import.meta.dirname, '../..');
const TOKEN = 'a-token-of-the-administrator';
const FOLLOW_MS = 40_000;

/** Makes an installation; `files` are further ones of its project. */
export async function openProduction(files: Readonly<Record<string, string>> = {}): Promise<Production> {
  const owned = new AsyncDisposableStack();
  const witness = await startWitness();
  owned.defer(() => witness.close());
  const temporary = await temporaryFolder('production');
  owned.defer(() => temporary.remove());
  const folder = temporary.path;
  const port = await freePort();
  await writeFiles(join(folder, 'project'), {
    ...tellingProject(witness),
    ...files,
    ...workflow('chain', { rootChildren: ['a', 'b', 'c'], activities: ['a', 'b', 'c'].map((id) => telling(id)) }),
  });
  await writeFile(join(folder, 'tenants.yaml'), tenantsFile(witness, ['org-1']));
  const { PATH = '', HOME = '', TEMPORAL_CLI_PATH, CLOISTER_CACHE_DIR } = process.env;
  const env = {
    PATH,
    HOME,
    ...(TEMPORAL_CLI_PATH && { TEMPORAL_CLI_PATH }),
    ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
    CLOISTER_EMBEDDED: 'true',
    CLOISTER_API_TOKEN: TOKEN,
    CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
    CLOISTER_DATA_DIR: join(folder, 'data'),
    CLOISTER_TENANTS_FILE: join(folder, 'tenants.yaml'),
    WORKFLOW_DIR: join(folder, 'project'),
    WORKER_SERVICE_PORT: String(port),
  };
  const call: Production['call'] = async (path, init = {}) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return {
    witness,
    call,
    start: async () => {
      const host = await startHost(env);
      owned.defer(async () => {
        host.process.kill('SIGKILL');
        await host.ended;
      });
      return host;
    },
    run: async (name = 'chain', input = {}) => {
      const body = JSON.stringify({ ...input, witness: witness.url, tenantOrganizationId: 'org-1' });
      const started = await call(`/workflows/${name}/run`, { method: 'POST', body });
      if (started.status !== 202) throw new Error(JSON.stringify(started.body));
      return String(started.body.runId);
    },
    follow: async (runId, name = 'chain') => {
      const limit = performance.now() + FOLLOW_MS;
      for (;;) {
        const { body } = await call(`/workflows/${name}/runs/${runId}`);
        if (body.status !== 'in-progress') return body.status;
        if (performance.now() > limit) throw new Error(JSON.stringify(body));
        await sleep(200);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startHost(env: Readonly<Record<string, string>>): Promise<ProductionHost> {
  const host = spawn(process.execPath, [join(ROOT, 'host/bootstrap.mjs'), 'start'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  const ended = once(host, 'exit').then(([code]) => code as number | null);
  const lines: string[] = [];
  const serves = new Promise<true>((resolve) => {
    createInterface({ input: host.stderr }).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('API on')) resolve(true);
    });
  });
  if ((await Promise.race([serves, ended])) !== true) throw new Error(lines.join('\n'));
  return { process: host, ended };
}
