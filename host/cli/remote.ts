/** A host as its API shows it: starts a run there and follows it, shows quarantines and ends them, publishes plugins. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '../../registry/index.ts';
import type { QuarantineView } from '../api/quarantines.ts';
import type { RunView } from '../runs/view.ts';
import { CommandError } from './command.ts';

/** A host somewhere. */
export interface RemoteHost {
  /** Base URL of the API, no slash at its end. */
  readonly api: string;
  readonly token: string | undefined;
}

/** What to start. */
export interface RemoteStart extends RemoteHost {
  readonly workflow: string;
  readonly branch: string | undefined;
  readonly input: Record<string, unknown>;
}

/** Answer of `POST /workflows/:id/run`. */
export interface RemoteRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly deduplicated: boolean;
  readonly warnings?: readonly string[];
}

interface ErrorBody {
  readonly error?: string;
  readonly code?: string;
  readonly where?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly problems?: readonly Record<string, unknown>[];
}

const POLL_MS = 150;

/** Starts a run. @throws CommandError in the words of the API: 2 for a wrong request or project, 1 when the host is at fault. */
export async function startRemote(start: RemoteStart): Promise<RemoteRun> {
  const query = start.branch === undefined ? '' : `?branch=${encodeURIComponent(start.branch)}`;
  const path = `/workflows/${encodeURIComponent(start.workflow)}/run${query}`;
  const run = (await call(start, path, { method: 'POST', body: JSON.stringify(start.input) })) as Partial<RemoteRun>;
  if (typeof run.runId === 'string') return run as RemoteRun;
  throw new CommandError(`--api: found an answer of something else at ${start.api}, expected a Cloister host`);
}

/** Yields the run's view when it changed; the last one is of the closed run. */
export async function* followRemote(start: RemoteStart, run: RemoteRun): AsyncGenerator<RunView> {
  const path = `/workflows/${encodeURIComponent(start.workflow)}/runs/${encodeURIComponent(run.runId)}`;
  for (let last = ''; ; ) {
    const view = (await call(start, path, {})) as RunView;
    const text = JSON.stringify(view);
    if (text !== last) yield view;
    if (view.status !== 'in-progress') return;
    last = text;
    await sleep(POLL_MS);
  }
}

/** Quarantines of a host, standing or released. @throws CommandError as `startRemote`. */
export async function listQuarantines(
  host: RemoteHost,
  query: { readonly status: string; readonly tenant?: string },
): Promise<readonly QuarantineView[]> {
  const body = await call(host, `/quarantines?${new URLSearchParams(query)}`, {});
  return (body as { quarantines?: readonly QuarantineView[] }).quarantines ?? [];
}

/** Ends a quarantine; one that was ended before stays as it was. @throws CommandError as `startRemote`. */
export async function releaseQuarantine(host: RemoteHost, id: string): Promise<QuarantineView> {
  return (await call(host, `/quarantines/${encodeURIComponent(id)}/release`, { method: 'POST' })) as QuarantineView;
}

/** A published version as `POST /plugins` answers. */
export interface RemoteVersion {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly publishedAt: string;
  readonly warnings?: readonly Problem[];
}

/** A plugin as `GET /plugins` lists it. */
export interface RemotePlugin {
  readonly name: string;
  readonly tenantOrganizationId: string | null;
  readonly description: string;
  readonly latest: string;
  readonly versions: number;
}

/** Publishes a packed plugin, for a tenant or, with null, as the caller's own. @throws CommandError as `startRemote`. */
export async function publishPlugin(
  host: RemoteHost,
  packed: Uint8Array<ArrayBuffer>,
  tenant: string | null,
): Promise<RemoteVersion> {
  const init = { method: 'POST', body: packed };
  return (await call(host, `/plugins${queryOf(tenant)}`, init, 'application/gzip')) as RemoteVersion;
}

/** Plugins that the caller sees. @throws CommandError as `startRemote`. */
export async function listPlugins(host: RemoteHost, tenant: string | null): Promise<readonly RemotePlugin[]> {
  const body = await call(host, `/plugins${queryOf(tenant)}`, {});
  return (body as { plugins?: readonly RemotePlugin[] }).plugins ?? [];
}

function queryOf(tenant: string | null): string {
  return tenant === null ? '' : `?${new URLSearchParams({ tenant })}`;
}

async function call(host: RemoteHost, path: string, init: RequestInit, type = 'application/json'): Promise<unknown> {
  const headers = {
    'content-type': type,
    ...(host.token !== undefined && { authorization: `Bearer ${host.token}` }),
  };
  const response = await fetch(`${host.api}${path}`, { ...init, headers }).catch((error: Error) => {
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new CommandError(`no host answers at ${host.api}: ${reason}`, 1);
  });
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new CommandError(sentence(response.status, body as ErrorBody), response.status < 500 ? 2 : 1);
}

function sentence(status: number, body: ErrorBody): string {
  const { code = `HTTP ${status}`, error = 'the host refused', where, found, expected, problems = [] } = body;
  const parts = [found && `found ${found}`, expected && `expected ${expected}`].filter(Boolean).join(', ');
  // A sentence of the registry's holds them already.
  const detail = parts === '' || error.endsWith(parts) ? '' : ` (${where}: ${parts})`;
  const lines = problems.map(
    (each) =>
      `\n  ${each.file}:${each.line}:${each.column} ${each.code} ${each.where}: found ${each.found}, expected ${each.expected}`,
  );
  return `${code}: ${error}${detail}${lines.join('')}`;
}
