/**
 * Every environment variable that something in the host reads, with its default and meaning. `docs/configuration.md`
 * holds the same table, and a test compares the two. A variable's owner adds its line here, and nowhere else.
 */
import {
  between,
  bytes,
  count,
  cronOrOff,
  duration,
  flag,
  gitUrl,
  headers,
  hostPort,
  type Kind,
  milliseconds,
  oneOf,
  packageNames,
  path,
  port,
  publicKey,
  secret,
  share,
  text,
  url,
} from './kinds.ts';

/** One variable. `fallback` is the value when it is unset or empty; `secret` values never appear in a message. */
export interface Variable<T> {
  readonly name: string;
  readonly kind: Kind<unknown>;
  readonly fallback: T;
  readonly secret: boolean;
  readonly meaning: string;
  /** What an unset variable stands for, in words, where `fallback` does not say it. */
  readonly unset: string;
}

const LEAST_TOKEN_LENGTH = 16;
/** A key of HS256 must not be shorter than its digest. */
const LEAST_HS256_LENGTH = 32;
const HOST_FOLDER = new URL('..', import.meta.url).pathname;

/** The table. Keys are the fields of `Environment`. */
export const VARIABLES = {
  workerServicePort: withDefault(
    'WORKER_SERVICE_PORT',
    port,
    3011,
    'Port of the HTTP API. `dev`, `run` and `demo` take a free one when it is in use.',
  ),
  apiPort: optional('API_PORT', port, 'A further port on which `start` serves the same API.'),
  listenAddress: withDefault('CLOISTER_LISTEN_ADDRESS', text, '0.0.0.0', 'Address on which `start` listens.'),
  dataDir: withDefault('CLOISTER_DATA_DIR', path(), '.cloister', 'What a host keeps: databases, code store, logs.'),
  temporalAddress: optional(
    'TEMPORAL_ADDRESS',
    hostPort,
    'Temporal. The embedded commands use it when it answers, and else start their own.',
    '`localhost:7233` in `start`',
  ),
  temporalNamespace: withDefault('TEMPORAL_NAMESPACE', text, 'default', 'Temporal namespace.'),
  temporalCliPath: optional(
    'TEMPORAL_CLI_PATH',
    path(),
    'The `temporal` program that runs the embedded server.',
    'found or built',
  ),
  workflowDir: withDefault('WORKFLOW_DIR', path(), '/data/repo', 'The config project, main branch.'),
  builtInDir: optional(
    'BUILT_IN_DIR',
    path(HOST_FOLDER),
    "Built-in scripts; relative to the host's own folder.",
    'the shipped `plugins/`',
  ),
  dynamicReload: withDefault('DYNAMIC_RELOAD', flag, false, '`true` loads scripts per commit, without a restart.'),
  configBranch: optional(
    'CONFIG_BRANCH',
    text,
    "Name of the project's main branch.",
    'none; `start` needs it for a repository',
  ),
  worktreesDir: withDefault('WORKTREES_DIR', path(), '/data/worktrees', 'Where the worktrees of branches are.'),
  checkoutsDir: withDefault(
    'CHECKOUTS_DIR',
    path(),
    '/data/checkouts',
    'Where commits are checked out when `DYNAMIC_RELOAD` is on.',
  ),
  gitRepoUrl: optional(
    'GIT_REPO_URL',
    gitUrl,
    'Remote of the config project: `start` clones it into `WORKFLOW_DIR`, or updates what is there, before it serves.',
  ),
  gitToken: hidden('GIT_TOKEN', secret(1), 'Access token of the remote, presented as user `x-access-token`.'),
  aidboxUrl: optional('AIDBOX_URL', url, 'Aidbox, the FHIR server.'),
  aidboxClientId: optional('AIDBOX_CLIENT_ID', text, 'Aidbox client of the host.'),
  aidboxClientSecret: hidden('AIDBOX_CLIENT_SECRET', secret(1), "That client's secret."),
  fhirBaseUrl: optional('FHIR_BASE_URL', url, 'Any other R4 server, instead of Aidbox: docs/fhir-servers.md.'),
  fhirToken: hidden(
    'FHIR_TOKEN',
    secret(1),
    'Bearer token for `FHIR_BASE_URL`. Without it that server is asked without credentials.',
  ),
  fhirTenantMode: withDefault(
    'FHIR_TENANT_MODE',
    oneOf('organization-prefix', 'none'),
    'organization-prefix',
    'How the FHIR server separates tenants. With `none`, runs of a tenant are refused.',
  ),
  apiToken: hidden('CLOISTER_API_TOKEN', secret(LEAST_TOKEN_LENGTH), "The administrator's token."),
  workerServiceToken: hidden(
    'WORKER_SERVICE_TOKEN',
    secret(LEAST_TOKEN_LENGTH),
    'A token that opens `/workers` and nothing else.',
  ),
  openWorkers: withDefault(
    'CLOISTER_OPEN_WORKERS',
    flag,
    false,
    '`true` opens `/workers` without a token to programs of this machine and of private networks, for a builder that sends none.',
  ),
  jwtSecret: hidden(
    'CLOISTER_JWT_SECRET',
    secret(LEAST_HS256_LENGTH),
    'Verifies JWTs of people, HS256; with Supabase its JWT secret.',
  ),
  jwtPublicKey: optional('CLOISTER_JWT_PUBLIC_KEY', publicKey, 'Verifies JWTs of people, RS256 or ES256.'),
  jwksUrl: optional('CLOISTER_JWKS_URL', url, 'Key set that verifies JWTs of people, RS256 or ES256; https.'),
  jwtIssuer: optional('CLOISTER_JWT_ISSUER', text, 'What `iss` of a JWT must be.', 'not looked at'),
  jwtAudience: optional(
    'CLOISTER_JWT_AUDIENCE',
    text,
    'What `aud` of a JWT must name; `authenticated` with Supabase.',
    'none; needed with JWTs',
  ),
  limitReads: withDefault('CLOISTER_LIMIT_READS', count, 300, 'Calls a second of one tenant, or caller, that read.'),
  limitWrites: withDefault('CLOISTER_LIMIT_WRITES', count, 100, 'Those that write; starts of runs not counted.'),
  limitStarts: withDefault('CLOISTER_LIMIT_STARTS', count, 100, 'Those that start a run.'),
  limitFailures: withDefault(
    'CLOISTER_LIMIT_FAILURES',
    count,
    60,
    'Calls a minute of one address without a good token, beyond which further ones are 429.',
  ),
  auditRetention: optional(
    'CLOISTER_AUDIT_RETENTION',
    count,
    'Days that the audit and the kills of cells are kept.',
    'for ever',
  ),
  choreRepoSync: withDefault(
    'CLOISTER_CHORE_REPO_SYNC',
    cronOrOff,
    '*/5 * * * *',
    'When the repository is brought to the state of `GIT_REPO_URL`, as a cron expression in UTC, or `off`.',
  ),
  choreRepoClean: withDefault(
    'CLOISTER_CHORE_REPO_CLEAN',
    cronOrOff,
    '41 * * * *',
    'When worktrees and checkouts that nobody needs are removed, in the same words.',
  ),
  choreCode: withDefault(
    'CLOISTER_CHORE_CODE',
    cronOrOff,
    '53 3 * * *',
    'When built code that no open run needs, and nobody has used for 30 days, is removed, in the same words.',
  ),
  choreRetention: withDefault(
    'CLOISTER_CHORE_RETENTION',
    cronOrOff,
    '23 3 * * *',
    'When what has been kept long enough is removed from the database, in the same words.',
  ),
  webhookToken: hidden(
    'CLOISTER_WEBHOOK_TOKEN',
    secret(LEAST_TOKEN_LENGTH),
    'The bearer token with which the FHIR server posts events. A trigger that names secrets of its own takes those alone: `CLOISTER_WEBHOOK_SECRET_<alias>`.',
  ),
  subscriptions: withDefault(
    'CLOISTER_SUBSCRIPTIONS',
    oneOf('auto', 'aidbox', 'r4'),
    'auto',
    "Which subscriptions triggers are registered with at the FHIR server: Aidbox's, or R4's; `auto` goes by its CapabilityStatement.",
  ),
  mappingFhir: withDefault(
    'CLOISTER_MAPPING_FHIR',
    oneOf('none', 'read'),
    'none',
    'What the `input-mapping.ts` of triggers may do at the FHIR server. They belong to no tenant: `read` lets them read what any tenant has there. Where `FHIR_TENANT_MODE` is `none` they may read.',
  ),
  apiBaseUrl: optional(
    'TS_API_BASE_URL',
    url,
    'Where Aidbox and senders of webhooks reach this API.',
    'the address that it listens on',
  ),
  appSecret: hidden(
    'CLOISTER_APP_SECRET',
    secret(LEAST_TOKEN_LENGTH),
    'With it Aidbox proves itself at `/rpc`; without it the host is no App there.',
  ),
  unscopedRuns: withDefault(
    'CLOISTER_UNSCOPED_RUNS',
    oneOf('allow', 'deny'),
    'allow',
    '`deny` refuses runs without a tenant.',
  ),
  embedded: withDefault(
    'CLOISTER_EMBEDDED',
    flag,
    false,
    '`true` lets `start` run the embedded Temporal, Supabase and FHIR servers.',
  ),
  payloadMaxBytes: withDefault(
    'PAYLOAD_MAX_BYTES',
    bytes,
    1_048_576,
    "Cap on one activity's params and on its output.",
  ),
  maxActivities: withDefault(
    'MAX_CONCURRENT_ACTIVITY_EXECUTIONS',
    between(1, 10_000),
    10,
    'Activities that one project worker runs at once.',
  ),
  maxWorkflowTasks: withDefault(
    'MAX_CONCURRENT_WORKFLOW_EXECUTIONS',
    between(2, 1_000),
    10,
    'Workflow tasks that one project worker takes at once.',
  ),
  workerMaxProjects: withDefault(
    'WORKER_MAX_PROJECTS',
    count,
    200,
    'Project workers of this host; what is beyond is left to other hosts.',
  ),
  workerHeartbeatMs: withDefault(
    'WORKER_HEARTBEAT_MS',
    milliseconds,
    30_000,
    'How often a project worker shows itself in the database.',
  ),
  workerStaleMs: withDefault(
    'WORKER_STALE_MS',
    milliseconds,
    60_000,
    'Age of its last sign from which on it is not healthy; at least twice `WORKER_HEARTBEAT_MS`.',
  ),
  shutdownGraceMs: withDefault(
    'WORKER_SHUTDOWN_GRACE_MS',
    milliseconds,
    30_000,
    'What work under way gets when `start` is told to stop.',
  ),
  shutdownForceMs: withDefault(
    'WORKER_SHUTDOWN_FORCE_MS',
    milliseconds,
    45_000,
    'When the process of `start` ends at the latest; 5 s before, what has not ended is cut off. A container needs more.',
  ),
  workerAutoRestart: withDefault(
    'WORKER_AUTO_RESTART',
    flag,
    true,
    'Whether a project worker that crashed is started again by itself; each project can say no.',
  ),
  leaseTtlMs: withDefault(
    'WORKER_LEASE_TTL_MS',
    milliseconds,
    30_000,
    'After which a project worker whose host is gone may be taken over by another.',
  ),
  leaseRenewMs: withDefault(
    'WORKER_LEASE_RENEW_MS',
    milliseconds,
    10_000,
    'How often a host says that it still has its project workers; at least 5 s less than `WORKER_LEASE_TTL_MS`.',
  ),
  workerDebug: withDefault(
    'WORKER_DEBUG',
    flag,
    false,
    '`true` lifts the limits that a debugger would run into, and logs everything; `start` refuses it.',
  ),
  workflowCodeMaxBytes: withDefault(
    'WORKFLOW_CODE_MAX_BYTES',
    between(1_024, 1_500_000),
    1_048_576,
    "Cap on a project's compiled workflow code.",
  ),
  guestMemoryMb: withDefault('GUEST_MEMORY_MB', between(8, 1_024), 32, "Memory of one run's workflow code, MiB."),
  guestSteps: withDefault(
    'GUEST_STEPS',
    between(1, 100_000),
    1_000,
    'Steps that workflow code may take without waiting; one is about 5,000 turns of a loop.',
  ),
  guestPackages: {
    name: 'GUEST_PACKAGES',
    kind: packageNames,
    fallback: [] as readonly string[],
    secret: false,
    meaning: "npm packages that projects' code may import.",
    unset: 'none',
  },
  guestPackagesDir: optional(
    'GUEST_PACKAGES_DIR',
    path(),
    'Folder whose `node_modules` has them.',
    '`packages` in `CLOISTER_DATA_DIR`',
  ),
  activityHeapMb: withDefault(
    'ACTIVITY_HEAP_MB',
    between(8, 4_096),
    128,
    "Heap of a project's activity that declares no other, MiB.",
  ),
  cells: withDefault(
    'CLOISTER_CELLS',
    count,
    64,
    'Cell processes at once; a tenant that has work has one, the longest idle one makes room.',
  ),
  cellsMemoryMb: optional(
    'CLOISTER_CELLS_MEMORY_MB',
    count,
    'Memory for all cells, MiB; a cell with work counts with its cap (`rssMb`), and what does not fit waits.',
    "half of the machine's or the container's",
  ),
  quarantineKills: withDefault(
    'CLOISTER_QUARANTINE_KILLS',
    count,
    3,
    'How often scripts of a commit may end their cell until the commit is stopped for that tenant.',
  ),
  quarantineWindowMs: withDefault(
    'CLOISTER_QUARANTINE_WINDOW',
    duration,
    24 * 60 * 60 * 1000,
    'Time within which they must have done so.',
    '`24h`',
  ),
  supabaseUrl: optional('NEXT_PUBLIC_SUPABASE_URL', url, 'Supabase.'),
  supabaseServiceRoleKey: hidden(
    'SUPABASE_SERVICE_ROLE_KEY',
    secret(1),
    "Supabase's service-role key, for the registry.",
  ),
  supabaseJwtSecret: hidden(
    'SUPABASE_JWT_SECRET',
    secret(LEAST_TOKEN_LENGTH),
    "Signs the short-lived tokens with which a tenant's scripts reach `db`.",
  ),
  supabaseAnonKey: hidden(
    'NEXT_PUBLIC_SUPABASE_ANON_KEY',
    secret(1),
    "Supabase's anon key, for the `db` capability; without it, or without the JWT secret, there is no `db`.",
  ),
  tenantsFile: optional(
    'CLOISTER_TENANTS_FILE',
    path(),
    'Grants of tenants as a file, where there is no Supabase; form as `.cloister/tenants.yaml`.',
  ),
  secretKey: hidden('CLOISTER_SECRET_KEY', secret(32), "Encrypts tenants' secrets at rest."),
  cacheDir: optional(
    'CLOISTER_CACHE_DIR',
    path(),
    'What is downloaded or built once per machine.',
    '`$XDG_CACHE_HOME/cloister`',
  ),
  xdgCacheHome: optional('XDG_CACHE_HOME', path(), "The user's folder for caches.", '`~/.cache`'),
  logLevel: withDefault(
    'LOG_LEVEL',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    "The host's own log.",
  ),
  otlpEndpoint: optional(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    url,
    'Collector of traces, OTLP over HTTP; `/v1/traces` is added.',
    'no traces',
  ),
  otlpHeaders: {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    kind: headers,
    fallback: {} as Readonly<Record<string, string>>,
    secret: true,
    meaning: 'Headers for the collector.',
    unset: 'none',
  },
  traceService: withDefault('OTEL_SERVICE_NAME', text, 'cloister', 'Name of the service in traces.'),
  traceRatio: withDefault(
    'OTEL_TRACES_SAMPLER_ARG',
    share,
    1,
    'Part of the traces that is kept, where the caller has not decided.',
  ),
} as const;

function withDefault<T>(
  name: string,
  kind: Kind<T>,
  fallback: NoInfer<T>,
  meaning: string,
  unset = `\`${fallback}\``,
): Variable<T> {
  return { name, kind, fallback, secret: false, meaning, unset };
}

function optional<T>(name: string, kind: Kind<T>, meaning: string, unset = 'none'): Variable<T | null> {
  return { name, kind, fallback: null, secret: false, meaning, unset };
}

function hidden<T>(name: string, kind: Kind<T>, meaning: string): Variable<T | null> {
  return { name, kind, fallback: null, secret: true, meaning, unset: 'none' };
}
