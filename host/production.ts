/** A production host: workers and API against servers of the operator's, configured by the environment alone. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  type CodeStore,
  createFileStore,
  createQuarantineJournal,
  parseTenants,
  type Store,
} from '../registry/index.ts';
import { accessOf, accessProblems, isOpenToSome, limitsOf } from './access/index.ts';
import { type DbOptions, probeDatabase } from './broker/db.ts';
import { choreSettings } from './chores/list.ts';
import { answers } from './embedded/temporal.ts';
import { cacheFolder } from './env/cache.ts';
import { type Environment, EnvironmentError, grantedVariable } from './env.ts';
import { fhirOptions, missingFhir } from './fhir.ts';
import { type DataFolder, openDataFolder } from './folder.ts';
import { type Host, startHost } from './host.ts';
import { openLog } from './log.ts';
import { hasBilling, hasProjects } from './modules.ts';
import type { HostOptions } from './options.ts';
import { guestSettings, projectSettings } from './projects/settings.ts';
import type { Repository } from './repository/index.ts';
import { startRepository } from './repository/start.ts';
import { openRows } from './rows.ts';
import { judgeSafety, surroundings } from './safety.ts';
import { type Stack, startStack } from './stack.ts';
import { productionTenants, tenantRows } from './tenants.ts';
import { traceSettings } from './tracing/settings.ts';
import { triggerSettings } from './triggers/settings.ts';
import { webhookSettings } from './webhooks/settings.ts';

/** What a production host is started with. */
export interface ProductionOptions {
  readonly environment: Environment;
  /** A line for people about what takes time. */
  readonly progress: (text: string) => void;
}

/** Of the time that the process has to end, the last is for rows, leases and what else is to be closed. */
const CLOSING_MS = 5_000;
const ANSWER_MS = 5_000;
const TEMPORAL_DEFAULT = 'localhost:7233';

/** Starts the host. Throws `EnvironmentError` with everything that is missing, before anything is started. */
export async function startProduction({ environment, progress }: ProductionOptions): Promise<Host> {
  const safety = judgeSafety(await surroundings());
  const billing = await hasBilling(environment);
  const problems = [...safety.refused, ...(await missing(environment, billing))];
  if (problems.length > 0) throw new EnvironmentError(problems);
  for (const warning of safety.warned) progress(`warning: ${warning}`);
  await using starting = new AsyncDisposableStack();
  const folder = await openDataFolder(environment.dataDir);
  starting.defer(() => folder.close());
  const stack = environment.embedded ? await startStack({ environment, folder, progress }) : null;
  if (stack) starting.defer(() => stack.close());
  if (stack) await refuseNobody(environment, stack);
  const log = openLog({ level: environment.logLevel });
  const temporal = stack?.temporal ?? temporalOf(environment);
  const started = billing ? await startRepository({ environment, temporal, log, progress }) : null;
  if (started) starting.defer(() => started.close());
  else progress('no config project: this host runs workers of projects alone');
  const repository = started?.repository ?? null;
  const host = await startHost(await settings({ environment, progress }, { folder, stack, repository, log }));
  starting.defer(() => host.close());
  if (stack) {
    const { workflowDir: project } = environment;
    await folder.announce({ url: host.url, project, lasting: true, supabase: stack.supabase.url });
    progress(`embedded FHIR at ${stack.fhirUrl}/fhir, for this machine only`);
    if (stack.temporal)
      progress(`Temporal at ${stack.temporal.address}, its pages at ${stack.temporal.uiUrl ?? 'none'}`);
  }
  const owned = starting.move();
  return { ...host, close: () => owned.disposeAsync() };
}

/** Everything that stands in the way of a start, a sentence each. */
async function missing(environment: Environment, billing: boolean): Promise<string[]> {
  const { embedded, supabaseUrl, supabaseServiceRoleKey, tenantsFile, workerDebug } = environment;
  return [
    ...accessProblems(environment, await hasKeys(environment), hasProjects(environment)),
    ...(billing ? await missingProject(environment) : []),
    ...(embedded || !billing ? [] : missingFhir(environment)),
    ...(supabaseUrl !== null && supabaseServiceRoleKey === null
      ? ['SUPABASE_SERVICE_ROLE_KEY is not set; expected the key of NEXT_PUBLIC_SUPABASE_URL']
      : []),
    ...(supabaseUrl === null && supabaseServiceRoleKey !== null
      ? ['NEXT_PUBLIC_SUPABASE_URL is not set; expected the address that SUPABASE_SERVICE_ROLE_KEY is for']
      : []),
    ...(workerDebug ? ['WORKER_DEBUG is "true"; expected "false" outside of development'] : []),
    ...(supabaseUrl === null && tenantsFile === null && !embedded
      ? [
          'NEXT_PUBLIC_SUPABASE_URL and CLOISTER_TENANTS_FILE are not set; expected one of them: it says what tenants are granted',
        ]
      : []),
    ...(embedded ? [] : await missingTemporal(environment)),
    ...(await unsafeDatabase(environment)),
  ];
}

/**
 * Whether a key opens the API, asked only where nothing else does. Null: the embedded database will tell when it runs. A database
 * that does not answer has none that anybody could use.
 */
async function hasKeys(environment: Environment): Promise<boolean | null> {
  if (isOpenToSome(environment)) return null;
  const rows = findRows(environment, null);
  if (rows === null) return environment.embedded ? null : false;
  return rows.hasApiKeys(new Date().toISOString()).catch(() => false);
}

/** Of the embedded database, which runs by now. */
async function refuseNobody(environment: Environment, stack: Stack): Promise<void> {
  if (isOpenToSome(environment)) return;
  const has = await findRows(environment, stack)?.hasApiKeys(new Date().toISOString());
  const problems = accessProblems(environment, has ?? false, hasProjects(environment));
  if (problems.length > 0) throw new EnvironmentError(problems);
}

/** Asks the database of the operator's, with the token of a script's call, whether it separates tenants (P13). */
async function unsafeDatabase(environment: Environment): Promise<string[]> {
  const options = dbOptions(environment, null);
  if (options === null) return [];
  try {
    const problems = await probeDatabase(options);
    return problems.map((problem) => `NEXT_PUBLIC_SUPABASE_URL is ${options.url}: ${problem}`);
  } catch (error) {
    // Options that could not be safe.
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function missingProject({ workflowDir, configBranch, gitRepoUrl }: Environment): Promise<string[]> {
  if (gitRepoUrl !== null) {
    return configBranch === null ? ['CONFIG_BRANCH is not set; expected the main branch of GIT_REPO_URL'] : [];
  }
  const folder = await lstat(workflowDir).catch(() => null);
  if (!folder?.isDirectory() && !folder?.isSymbolicLink()) {
    return [`WORKFLOW_DIR is ${JSON.stringify(workflowDir)}, which is no folder; expected the config project`];
  }
  const isRepository = await lstat(join(workflowDir, '.git')).then(
    () => true,
    () => false,
  );
  if (!isRepository || configBranch !== null) return [];
  return ['CONFIG_BRANCH is not set; expected the main branch of the repository in WORKFLOW_DIR'];
}

async function missingTemporal({ temporalAddress }: Environment): Promise<string[]> {
  const address = temporalAddress ?? TEMPORAL_DEFAULT;
  if (await answers(address, ANSWER_MS)) return [];
  return [`TEMPORAL_ADDRESS is ${address}, where no Temporal answers; expected host:port of its frontend`];
}

/** What runs by the time that the host starts. */
interface Ground {
  readonly folder: DataFolder;
  readonly stack: Stack | null;
  /** Null: there is no config project. */
  readonly repository: Repository | null;
  readonly log: Logger;
}

async function settings({ environment, progress }: ProductionOptions, ground: Ground): Promise<HostOptions> {
  const { folder, stack, repository, log } = ground;
  const rows = findRows(environment, stack);
  return {
    temporal: stack?.temporal ?? temporalOf(environment),
    fhir: fhirOptions(environment, stack?.fhirUrl ?? null),
    db: dbOptions(environment, stack),
    store: rows ?? createFileStore(folder.file('code')),
    rows,
    auditStore: rows,
    cells: { most: environment.cells, memoryMb: environment.cellsMemoryMb },
    quarantineStore: rows ?? createQuarantineJournal(folder.file('quarantine.jsonl')),
    quarantine: { kills: environment.quarantineKills, windowMs: environment.quarantineWindowMs },
    project: repository
      ? { kind: 'commits', repository, reload: environment.dynamicReload }
      : { kind: 'working-tree', dir: await emptyFolder(folder) },
    billing: repository !== null,
    repository,
    projects: rows && projectsOf(environment, folder),
    tenants: productionTenants(findSettings(environment, rows), grantedVariable),
    builtInDir: environment.builtInDir,
    access: accessOf(environment, 'token'),
    limits: limitsOf(environment),
    address: environment.listenAddress,
    port: environment.workerServicePort,
    ...(environment.apiPort !== null && { furtherPort: environment.apiPort }),
    unscopedRuns: environment.unscopedRuns,
    apiBaseUrl: environment.apiBaseUrl,
    appSecret: environment.appSecret,
    aidbox: aidboxOf(environment),
    triggerSettings: triggerSettings(environment, repository !== null),
    choreSettings: choreSettings(environment),
    webhookSettings: webhookSettings(environment, false),
    payloadMaxBytes: environment.payloadMaxBytes,
    cacheDir: join(cacheFolder(environment), 'workflows'),
    ...timesOf(environment),
    progress,
    traces: traceSettings(environment),
    log,
  };
}

/** The config project of a host that has none. */
async function emptyFolder(folder: DataFolder): Promise<string> {
  const dir = folder.file('no-project');
  await mkdir(dir, { recursive: true });
  return dir;
}

const timesOf = ({ shutdownGraceMs: graceMs, shutdownForceMs }: Environment) => {
  return { graceMs, forceMs: Math.max(graceMs, shutdownForceMs - CLOSING_MS) };
};

function projectsOf(environment: Environment, folder: DataFolder) {
  const host = { embedded: environment.supabaseUrl === null, ...timesOf(environment) };
  const guest = guestSettings(environment, folder.file('packages'));
  return { workers: projectSettings(environment, host), guest };
}

const temporalOf = ({ temporalAddress, temporalNamespace }: Environment) => {
  return { address: temporalAddress ?? TEMPORAL_DEFAULT, namespace: temporalNamespace };
};

function findRows({ supabaseUrl, supabaseServiceRoleKey, secretKey }: Environment, stack: Stack | null): Store | null {
  const url = supabaseUrl ?? stack?.supabase.url;
  const serviceRoleKey = supabaseServiceRoleKey ?? stack?.supabase.serviceRoleKey;
  if (!url || !serviceRoleKey) return null;
  return openRows({ url, serviceRoleKey }, secretKey === null ? undefined : sha256(secretKey));
}

/** The store wants 32 bytes, operators have a text. */
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

function aidboxOf({ aidboxUrl, aidboxClientId, aidboxClientSecret }: Environment): HostOptions['aidbox'] {
  if (aidboxUrl === null) return null;
  return { url: aidboxUrl, id: aidboxClientId ?? '', secret: aidboxClientSecret ?? '' };
}

function dbOptions(environment: Environment, stack: Stack | null): DbOptions | null {
  const { supabaseUrl, supabaseAnonKey, supabaseJwtSecret } = environment;
  if (supabaseUrl !== null) {
    if (supabaseAnonKey === null || supabaseJwtSecret === null) return null;
    return { url: supabaseUrl, apikey: supabaseAnonKey, jwtSecret: supabaseJwtSecret };
  }
  return stack && { url: stack.supabase.url, apikey: stack.supabase.anonKey, jwtSecret: stack.supabase.jwtSecret };
}

/** Grants out of the file where there is one, else out of the table. */
function findSettings({ tenantsFile }: Environment, rows: (CodeStore & Pick<Store, 'getTenant'>) | null) {
  if (tenantsFile === null) return rows ? tenantRows(rows) : async () => null;
  return async (tenant: string) => parseTenants(await readFile(tenantsFile, 'utf8')).get(tenant) ?? null;
}
