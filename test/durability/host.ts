/** `cloister dev` as a process of its own, which can be killed like a machine that loses power. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RunView } from '../../host/runs/view.ts';
import { temporaryFolder } from '../stand/project.ts';

/** A host process that serves. */
export interface HostProcess {
  readonly pid: number;
  /** Base URL of its API. */
  readonly url: string;
  readonly fhirUrl: string;
  /** SIGKILL to the host alone; resolves when it has ended. What it has started is not touched. */
  kill(): Promise<void>;
  /** SIGTERM, as an operator would; resolves to the exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
}

const BOOTSTRAP = fileURLToPath(new URL('../../host/bootstrap.mjs', import.meta.url));
const START_LIMIT_MS = 40_000;
const STOP_MS = 15_000;

/** A folder in which hosts keep their data in `.cloister`, with a `tenants.yaml`. */
export async function hostFolder(tenants: string): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await temporaryFolder('host');
  await mkdir(join(folder.path, '.cloister'));
  await writeFile(join(folder.path, '.cloister', 'tenants.yaml'), tenants);
  return folder;
}

/** Starts `cloister dev` over a project, in a folder of `hostFolder`. Rejects with what it said when it does not serve. */
export async function startHostProcess(projectDir: string, folder: string): Promise<HostProcess> {
  const args = [BOOTSTRAP, 'dev', '--project', projectDir, '--port', '0'];
  // Not on a leash: that would end what the host has started, and so hide what the host itself leaves behind.
  const host = spawn(process.execPath, args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid = 0, stdout, stderr } = host;
  const ended = new Promise<number | null>((resolve) => {
    host.once('exit', (code) => resolve(code)).once('error', () => resolve(null));
  });
  const abandoned = () => void host.kill('SIGKILL');
  process.once('exit', abandoned);
  void ended.then(() => process.off('exit', abandoned));
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const links = new Map<string, string>();
  const serving = new Promise<'serves'>((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const [name = '', url = ''] = line.split(/\s+/);
      links.set(name, url);
      if (name === 'FHIR') resolve('serves');
    });
  });
  const late = sleep(START_LIMIT_MS, 'is late', { ref: false });
  const state = await Promise.race([serving, late, ended.then(() => 'ended')]);
  if (state !== 'serves') {
    host.kill('SIGKILL');
    await ended;
    throw new Error(`the host ${state}: ${said}`);
  }
  return {
    pid,
    url: new URL(links.get('API') ?? '').origin,
    fhirUrl: new URL(links.get('FHIR') ?? '').origin,
    kill: async () => {
      host.kill('SIGKILL');
      await ended;
    },
    stop: async () => {
      const timer = setTimeout(() => host.kill('SIGKILL'), STOP_MS);
      host.kill('SIGTERM');
      return ended.finally(() => clearTimeout(timer));
    },
  };
}

/** Starts a run over the API and returns its id. */
export async function startRun(url: string, workflow: string, input: object): Promise<string> {
  const response = await fetch(`${url}/workflows/${workflow}/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
  });
  const body = (await response.json()) as { runId?: string };
  if (response.status !== 202 || !body.runId) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body.runId;
}

/** The run as the API shows it now. */
export async function runView(url: string, workflow: string, runId: string): Promise<RunView> {
  const response = await fetch(`${url}/workflows/${workflow}/runs/${runId}`);
  const body = (await response.json()) as RunView;
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body;
}

/** Waits for the end of a run. */
export async function followRun(url: string, workflow: string, runId: string): Promise<RunView> {
  for (;;) {
    const view = await runView(url, workflow, runId);
    if (view.status !== 'in-progress') return view;
    await sleep(100);
  }
}

/** A BillingWorkflow resource as it stands on the FHIR server. */
export interface BillingRecord {
  readonly id: string;
  readonly status: string;
  readonly identifier: readonly { readonly system: string; readonly value: string }[];
  readonly executionPeriod: { readonly start: string; readonly end?: string };
}

/** The BillingWorkflow resources of a run, under a tenant (null: the server's base). */
export async function recordsOf(fhirUrl: string, tenant: string | null, runId: string): Promise<BillingRecord[]> {
  const base = tenant === null ? fhirUrl : `${fhirUrl}/Organization/${tenant}`;
  const query = `identifier=${encodeURIComponent(`urn:temporal:run-id|${runId}`)}`;
  const response = await fetch(`${base}/fhir/BillingWorkflow?${query}`);
  const bundle = (await response.json()) as { entry?: { resource: BillingRecord }[] };
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(bundle)}`);
  return (bundle.entry ?? []).map(({ resource }) => resource);
}
