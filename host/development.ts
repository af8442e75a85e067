/** A development host: everything embedded, loopback only, each new run takes the working tree. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createFileStore } from '../registry/index.ts';
import type { LogLine } from '../sandbox/index.ts';
import { accessOf, limitsOf } from './access/index.ts';
import { choreSettings } from './chores/list.ts';
import { cacheFolder } from './env/cache.ts';
import { type Environment, grantedVariable } from './env.ts';
import { type DataFolder, openDataFolder } from './folder.ts';
import { type Host, startHost } from './host.ts';
import { openLog } from './log.ts';
import { guestSettings, projectSettings } from './projects/settings.ts';
import { editedRepository } from './repository/start.ts';
import { openRows } from './rows.ts';
import type { StartedRun } from './runs/index.ts';
import { type Stack, startStack } from './stack.ts';
import { BILLING_QUEUE } from './temporal/queue.ts';
import { developmentTenants } from './tenants.ts';
import { traceSettings } from './tracing/settings.ts';
import { triggerSettings } from './triggers/settings.ts';
import { webhookSettings } from './webhooks/settings.ts';

/** What a development host is started with. */
export interface DevelopmentOptions {
  readonly environment: Environment;
  readonly projectDir: string;
  /** Where the link to the API leads; default: `workflows`, those of the config project. */
  readonly page?: 'workflows' | 'projects';
  /** Exactly this port; absent: `WORKER_SERVICE_PORT`, then a free one. 0: a free one. */
  readonly port?: number;
  /** Default: `.cloister` in the current folder. */
  readonly dataDir?: string;
  /** False for a host that ends with the one run it is started for. */
  readonly lasting?: boolean;
  /** A line for people about what takes time. */
  readonly progress: (text: string) => void;
  /** A line for each thing a script logs; absent: they go to the log file only. */
  readonly scriptLog?: (text: string) => void;
}

/** A running development host. */
export interface DevelopmentHost extends Host {
  readonly stack: Stack;
  /** Where to look: a line each for the API, Temporal's own pages, Temporal for clients, FHIR. */
  readonly links: string;
  /** Starts a run as the API does. Rejects with `ApiError`. */
  start(workflow: string, input: Readonly<Record<string, unknown>>): Promise<StartedRun>;
}

const LOOPBACK = '127.0.0.1';
const GRACE_MS = 5_000;
const FORCE_MS = 10_000;

/** Starts the embedded servers and the host over them. Rejects with `FolderInUse` when the data folder is taken. */
export async function startDevelopment(options: DevelopmentOptions): Promise<DevelopmentHost> {
  await using starting = new AsyncDisposableStack();
  const folder = await openDataFolder(options.dataDir ?? options.environment.dataDir);
  starting.defer(() => folder.close());
  options.progress('starting Temporal, FHIR and Supabase…');
  const stack = await startStack({ ...options, folder });
  starting.defer(() => stack.close());
  const host = await startOver(stack, folder, options);
  starting.defer(() => host.close());
  const { projectDir, lasting = true } = options;
  await folder.announce({
    url: host.url,
    project: await realpath(projectDir).catch(() => resolve(projectDir)),
    lasting,
    supabase: stack.supabase.url,
  });
  const owned = starting.move();
  return {
    ...host,
    stack,
    links: linksOf(host, stack, options.page),
    start: async (workflow, input) => {
      const { pin, branch } = await host.shelf.check(workflow, null, input);
      return host.runs.start({ workflow, branch, input, pin });
    },
    close: () => owned.disposeAsync(),
  };
}

async function startOver(stack: Stack, folder: DataFolder, options: DevelopmentOptions) {
  const { environment, projectDir, port, scriptLog, lasting = true } = options;
  if (!stack.temporal) throw new Error('a development host needs Temporal');
  const rows = openRows(stack.supabase);
  const log = openLog({ level: environment.logLevel, file: folder.file('host.log') });
  const settings = {
    temporal: stack.temporal,
    // On somebody else's Temporal other hosts poll the usual queue, with other code and other grants.
    ...(stack.temporal.pid === null && { taskQueue: ownQueue(folder) }),
    fhir: { baseUrl: stack.fhirUrl, mode: 'organization-prefix' as const, auth: null },
    db: { url: stack.supabase.url, apikey: stack.supabase.anonKey, jwtSecret: stack.supabase.jwtSecret },
    store: createFileStore(folder.file('code')),
    rows,
    auditStore: rows,
    cells: { most: environment.cells, memoryMb: environment.cellsMemoryMb },
    quarantineStore: rows,
    quarantine: { kills: environment.quarantineKills, windowMs: environment.quarantineWindowMs },
    project: { kind: 'working-tree' as const, dir: resolve(projectDir) },
    repository: await editedRepository(resolve(projectDir), folder.path, environment.builtInDir, log),
    projects: lasting ? projectsOf(environment, folder) : null,
    tenants: developmentTenants(folder.file('tenants.yaml'), grantedVariable),
    builtInDir: environment.builtInDir,
    access: accessOf(environment, 'loopback'),
    limits: limitsOf(environment),
    address: LOOPBACK,
    unscopedRuns: environment.unscopedRuns,
    apiBaseUrl: environment.apiBaseUrl,
    appSecret: environment.appSecret,
    // Runs use the embedded FHIR server, whatever AIDBOX_URL says.
    aidbox: null,
    // What is tried out here must not begin to run by itself: only POST /triggers/sync registers.
    triggerSettings: triggerSettings(environment, false),
    choreSettings: choreSettings(environment),
    webhookSettings: webhookSettings(environment, true),
    payloadMaxBytes: environment.payloadMaxBytes,
    cacheDir: join(cacheFolder(environment), 'workflows'),
    graceMs: GRACE_MS,
    forceMs: FORCE_MS,
    progress: options.progress,
    traces: traceSettings(environment),
    log,
    ...(scriptLog && { scriptLog: (line: LogLine, activity: string) => scriptLog(spoken(line, activity)) }),
  };
  if (port !== undefined) return startHost({ ...settings, port });
  return startHost({ ...settings, port: environment.workerServicePort, orFreePort: true });
}

function projectsOf(environment: Environment, folder: DataFolder) {
  const host = { embedded: true, graceMs: GRACE_MS, forceMs: FORCE_MS };
  const guest = guestSettings(environment, folder.file('packages'));
  return { workers: projectSettings(environment, host), guest };
}

/** The same for each host over the same data folder, so that its runs go on after a restart. */
function ownQueue({ path }: DataFolder): string {
  return `${BILLING_QUEUE}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`;
}

function spoken({ level, message, data }: LogLine, activity: string): string {
  return `  ${activity} ${level}: ${message}${data === undefined ? '' : ` ${JSON.stringify(data)}`}`;
}

function linksOf(host: Host, { temporal, fhirUrl }: Stack, page = 'workflows'): string {
  return [
    `API       ${host.url}/${page}`,
    ...(temporal?.uiUrl ? [`Temporal  ${temporal.uiUrl}`] : []),
    ...(temporal ? [`gRPC      ${temporal.address} (Temporal, for clients of your own)`] : []),
    `FHIR      ${fhirUrl}/fhir/metadata`,
  ].join('\n');
}
