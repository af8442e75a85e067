/**
 * Every stable code of the host, in one place: failure codes of activities and runs, and error codes of the API.
 * `docs/errors.md` is generated from these tables (`test/docs/errors.test.ts` is red when it differs).
 */

/** What the host does about a failure of an activity or a run. */
export interface FailureRule {
  /** When it is raised. */
  readonly when: string;
  /** What the reader can do about it. */
  readonly advice: string;
  /** Whether `retries` of the activity apply. */
  readonly retryable: boolean;
  /** Whether it is an attempt at something forbidden, and so an audit event. */
  readonly audited: boolean;
}

/** Failure codes of an activity or a run (specification D1). */
export const FAILURES = {
  SCRIPT_ERROR: {
    when: 'the script threw or rejected',
    advice: 'read the message and the script line in the error',
    retryable: true,
    audited: false,
  },
  SCRIPT_WALL: {
    when: "the wall limit or the activity's timeout passed",
    advice: 'raise timeout, or make the script wait for less',
    retryable: true,
    audited: false,
  },
  SCRIPT_CPU: {
    when: 'the script used up its CPU time',
    advice: 'look for an endless loop; raise limits.cpuMs up to the ceiling of the tenant',
    retryable: false,
    audited: false,
  },
  SCRIPT_MEMORY: {
    when: 'the script passed its heap limit or took its cell over the memory limit',
    advice: 'handle data in smaller parts; raise limits.heapMb up to the ceiling of the tenant',
    retryable: false,
    audited: false,
  },
  SCRIPT_KILLED: {
    when: 'the cell had to be killed because of this script, or the script crashed it',
    advice: 'look for a built-in call that loops without end',
    retryable: false,
    audited: false,
  },
  MAIN_MISSING: {
    when: 'the script has no export main',
    advice: 'add: export async function main(input)',
    retryable: false,
    audited: false,
  },
  SCRIPT_MISSING: {
    when: 'the file behind the script does not exist',
    advice: 'run: cloister check',
    retryable: false,
    audited: false,
  },
  BUILD_FAILED: {
    when: 'the script could not be bundled',
    advice: 'run: cloister check',
    retryable: false,
    audited: false,
  },
  RESULT_NOT_JSON: {
    when: 'what main returned is not JSON (a function, symbol, bigint or cycle)',
    advice: 'return plain data',
    retryable: false,
    audited: false,
  },
  RESULT_TOO_LARGE: {
    when: 'what main returned is larger than PAYLOAD_MAX_BYTES',
    advice: 'store the data (FHIR, db) and return a reference',
    retryable: false,
    audited: false,
  },
  PARAMS_INVALID: {
    when: 'the params of a child workflow name a _workflowId that no run can have',
    advice: 'give it 1 to 255 characters, none of them half a one, that do not begin with temporal-sys-',
    retryable: false,
    audited: false,
  },
  PARAMS_TOO_LARGE: {
    when: 'the resolved params are larger than PAYLOAD_MAX_BYTES',
    advice: 'pass a reference instead of the data',
    retryable: false,
    audited: false,
  },
  TOO_DEEP: {
    when: 'params or result are nested too deep',
    advice: 'flatten the data',
    retryable: false,
    audited: false,
  },
  CAPABILITY_REFUSED: {
    when: 'the script used a capability, host, table, variable or operation that was not declared or not granted',
    advice: 'declare it in cloister.yaml or the workflow, and have it granted to the tenant',
    retryable: false,
    audited: true,
  },
  TENANT_REFUSED: {
    when: 'the tenant of the run is malformed, missing where one is needed, or not the tenant of the parent run',
    advice: 'check tenantOrganizationId',
    retryable: false,
    audited: true,
  },
  COMMIT_QUARANTINED: {
    when: "scripts of this commit, or of this activity's module, ended their cell too often for this tenant (docs/operate.md)",
    advice: 'mend the script, or have an operator release it: cloister quarantine release ID',
    retryable: false,
    audited: true,
  },
  FHIR_UNAVAILABLE: {
    when: 'the FHIR server did not answer and the script did not catch it',
    advice: 'retry; check the FHIR server',
    retryable: true,
    audited: false,
  },
  DB_UNAVAILABLE: {
    when: 'the database did not answer and the script did not catch it',
    advice: 'retry; check the database',
    retryable: true,
    audited: false,
  },
  HTTP_UNAVAILABLE: {
    when: 'the other side of an HTTP call did not answer and the script did not catch it',
    advice: 'retry; check the other side',
    retryable: true,
    audited: false,
  },
  HOST_LOST: {
    when: 'the host was lost six times while this activity ran',
    advice: 'look at the host: memory, restarts, its log',
    retryable: false,
    audited: false,
  },
  CANCELLED: { when: 'the run was cancelled', advice: 'none', retryable: false, audited: false },
  TERMINATED: { when: 'the run was terminated', advice: 'none', retryable: false, audited: false },
  RUN_TIMED_OUT: {
    when: 'the run, or a child run, passed its run timeout',
    advice: 'raise timeout of the child workflow',
    retryable: false,
    audited: false,
  },
  PLAN_INVALID: {
    when: 'the workflow file has errors, or there is no such workflow',
    advice: 'run: cloister check',
    retryable: false,
    audited: false,
  },
  PLAN_SOURCE_GONE: {
    when: 'the source or the bundle that the run is pinned to can no longer be had',
    advice: 'restore the project folder or the code store; start a new run',
    retryable: false,
    audited: false,
  },
} as const satisfies Record<string, FailureRule>;

/** A failure code of an activity or a run. */
export type FailureCode = keyof typeof FAILURES;

/** True for a word that is a failure code. */
export function isFailureCode(word: unknown): word is FailureCode {
  return typeof word === 'string' && Object.hasOwn(FAILURES, word);
}

/** What an API error code means to a client. */
export interface ApiRule {
  /** HTTP status. */
  readonly status: number;
  /** When it is raised. */
  readonly when: string;
}

/** Error codes of the HTTP API (specification: control plane 15, D1). */
export const API_ERRORS = {
  BODY_INVALID: { status: 400, when: 'the request is malformed: path, query or body' },
  ARCHIVE_INVALID: {
    status: 400,
    when: 'the upload is no archive of plain text files below one root; `where` names the entry',
  },
  BRANCH_INVALID: { status: 400, when: 'the branch name is one that git would refuse' },
  TENANT_INVALID: {
    status: 400,
    when: 'tenantOrganizationId is not of the form [A-Za-z0-9.-]{1,64}, or is missing where runs need one',
  },
  WORKFLOW_ID_INVALID: { status: 400, when: '_workflowId is not a string of 1 to 255 characters' },
  IDEMPOTENCY_KEY_INVALID: { status: 400, when: 'the Idempotency-Key is not 1 to 255 printable ASCII characters' },
  UNAUTHORIZED: { status: 401, when: 'no token, or one that is not valid' },
  FORBIDDEN: { status: 403, when: 'the token does not allow this' },
  CAPABILITY_REFUSED: {
    status: 403,
    when: 'the manifest of a plugin asks for what the tenant is not granted; `found` names it',
  },
  NOT_FOUND: { status: 404, when: 'there is no such path' },
  WORKFLOW_NOT_FOUND: { status: 404, when: 'the project has no such workflow' },
  TRIGGER_NOT_FOUND: { status: 404, when: 'the project has no such trigger' },
  RUN_NOT_FOUND: { status: 404, when: 'there is no such run, or not for this caller' },
  QUARANTINE_NOT_FOUND: { status: 404, when: 'there is no such quarantine, or not for this caller' },
  SCHEDULE_NOT_FOUND: { status: 404, when: 'there is no such schedule; a sync of the triggers makes them' },
  PLUGIN_NOT_FOUND: { status: 404, when: 'there is no such plugin, version or channel, or not for this caller' },
  CHORE_NOT_FOUND: { status: 404, when: 'this host has no such chore' },
  COMPONENT_NOT_FOUND: { status: 404, when: 'the project has no such component' },
  BRANCH_NOT_FOUND: { status: 404, when: 'the project has no such branch' },
  KEY_NOT_FOUND: { status: 404, when: 'there is no such API key, or not for this caller' },
  TENANT_NOT_FOUND: { status: 404, when: 'there is no such tenant' },
  METHOD_NOT_ALLOWED: { status: 405, when: 'the path exists, with another method' },
  UPLOAD_TIMED_OUT: { status: 408, when: 'the upload did not arrive in time; nothing of it was kept' },
  BRANCH_EXISTS: { status: 409, when: 'the repository has a branch of that name' },
  WORKTREE_TAKEN: {
    status: 409,
    when: "the folder of the branch's worktree belongs to another branch, or to somebody else",
  },
  BRANCH_NOT_MAIN: { status: 409, when: 'triggers are taken from the main branch only' },
  BRANCH_IS_MAIN: { status: 409, when: 'the main branch is changed by pull requests only' },
  PUSH_REJECTED: { status: 409, when: 'the remote has commits that the branch has not, or refuses the push' },
  NOT_A_REPOSITORY: { status: 409, when: 'the config project is a plain folder, which has no branches' },
  WORKFLOW_ID_TAKEN: { status: 409, when: 'a run of another tenant has this workflow id' },
  IDEMPOTENCY_CONFLICT: {
    status: 409,
    when: 'the Idempotency-Key was used for another request within the last 24 hours',
  },
  RUN_IN_PROGRESS: { status: 409, when: 'the run has not ended: cancel or terminate it, or wait' },
  RUN_CLOSED: { status: 409, when: 'the run has ended: there is nothing to cancel, to terminate or to signal' },
  PLAN_GONE: { status: 409, when: 'the plan of the run can no longer be had; ask for a re-run with plan "current"' },
  ANCESTOR_NOT_COMPLETED: {
    status: 409,
    when: 'a re-run cannot begin there: an ancestor of the activity did not complete in that run',
  },
  COMMIT_QUARANTINED: {
    status: 409,
    when: 'the code is in quarantine for the tenant, and nothing was started; a release, or another commit, lets runs start again',
  },
  PLUGIN_NAME_TAKEN: { status: 409, when: 'a plugin of all tenants, or one of a tenant, has this name' },
  PLUGIN_VERSION_EXISTS: { status: 409, when: 'the plugin has this version with other content; versions never change' },
  SCHEDULE_TAKEN: { status: 409, when: 'another host on the same Temporal has a schedule of this id' },
  CHORE_BUSY: { status: 409, when: 'the chore runs, here or on another host' },
  KEY_ENDED: { status: 409, when: 'the API key has ended, or was replaced by another' },
  BODY_TOO_LARGE: { status: 413, when: 'the body is larger than the limit' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, when: 'the body is of another kind than the endpoint takes' },
  WORKFLOW_INVALID: { status: 422, when: 'the workflow has errors; see problems' },
  ACTIVITY_UNKNOWN: { status: 422, when: 'the plan of the run has no such activity' },
  QUERY_FAILED: {
    status: 422,
    when: "the run's workflow answers no such query, or its handler failed; the message has its words",
  },
  OUTPUTS_TOO_LARGE: { status: 422, when: 'the outputs that a re-run would keep are too large together' },
  PLUGIN_INVALID: { status: 422, when: 'the plugin has errors in its manifest or its scripts; see problems' },
  TRIGGER_INVALID: {
    status: 422,
    when: 'the definition of the trigger, or its workflow, has errors; run: cloister check',
  },
  SCHEDULE_INVALID: { status: 422, when: 'Temporal does not take the schedule; the message has its reason' },
  MAPPING_FAILED: {
    status: 500,
    when: 'input-mapping.ts of the trigger failed for one of the events, and nothing was started; the log has the cause',
  },
  RATE_LIMITED: {
    status: 429,
    when: 'the tenant, or the caller, calls too often; `Retry-After` says when to try again',
  },
  INTERNAL: { status: 500, when: 'a defect of the host; the log holds the cause under requestId' },
  NOT_CONFIGURED: { status: 501, when: 'this host has no such part: its settings leave it out' },
  GIT_FAILED: { status: 502, when: 'git could not do it, or the remote does not answer; `found` has its words' },
  TRIGGER_SYNC_FAILED: {
    status: 502,
    when: 'some triggers are not registered; `errors` names them, the others are registered all the same',
  },
  NPM_INSTALL_FAILED: { status: 502, when: 'npm could not install the dependencies; the next sync tries again' },
  PROJECT_UNUSABLE: {
    status: 503,
    when: 'the config project as a whole cannot be read; `found` has the reason, the log the details',
  },
  KEYS_UNAVAILABLE: { status: 503, when: 'the key set that verifies the token does not answer' },
  STORE_UNAVAILABLE: { status: 503, when: "the registry's database, or the disk, does not answer" },
  EVENT_IN_HAND: {
    status: 503,
    when: 'another delivery of the same event is being worked on, or was cut off a moment ago',
  },
  STOPPING: { status: 503, when: 'the host is being stopped and takes no further requests' },
  TIMED_OUT: { status: 503, when: 'the host took too long to answer' },
  TEMPORAL_UNAVAILABLE: { status: 503, when: 'Temporal does not answer' },
  FHIR_UNAVAILABLE: { status: 503, when: 'the FHIR server does not answer' },
} as const satisfies Record<string, ApiRule>;

/** An error code of the HTTP API. */
export type ApiCode = keyof typeof API_ERRORS;

/** What a code of project workers means. The names of D1 (`FAILURES`) hold for what an activity's script does. */
export interface ProjectRule {
  /** HTTP status, where a call to `/workers` or `/projects` can be answered with it; absent: 500. */
  readonly status?: number;
  /** Of an activity or a run: whether it is tried again; of a worker: whether a restart on a timer may help. */
  readonly retryable?: boolean;
  /** When it is raised. */
  readonly when: string;
  /** What the reader can do about it. */
  readonly advice: string;
}

/** Codes of projects, their workers and their code (specification: project workers 15, 17). */
export const PROJECT_ERRORS = {
  PROJECT_NOT_FOUND: { status: 404, when: 'there is no such project, or not for this caller', advice: 'check the id' },
  PROJECT_INACTIVE: { when: 'the project is switched off', advice: 'set is_active of the project' },
  TASK_QUEUE_INVALID: {
    when: "the name of the project's task queue is empty, reserved or too long",
    advice: 'give the project a queue such as abc123-email-automation-queue',
  },
  TASK_QUEUE_IN_USE: {
    status: 409,
    when: 'another project has the task queue, or open runs sit on the one that would be given up',
    advice: 'choose another name, or wait until the runs have ended',
  },
  TASK_QUEUE_MISMATCH: {
    when: "runs, the definition or worker_code name another task queue than the project's",
    advice: 'start runs on the task queue of the project',
  },
  NO_COMPILED_WORKFLOWS: {
    when: 'the project has no workflow that is active, compiled and not switched off',
    advice: 'compile and activate a workflow; the running worker takes it up without a restart',
  },
  WORKFLOW_INACTIVE: {
    when: 'a workflow is not of status active, or is switched off',
    advice: 'set its status to active and is_active to true',
  },
  COMPILED_NOT_JSON: {
    when: 'compiled_typescript is no JSON text',
    advice: 'store JSON with workflow_code, activities_code and worker_code',
  },
  COMPILED_SHAPE: {
    when: 'compiled_typescript lacks workflow_code, or a code in it is no text',
    advice: 'store non-empty text in workflow_code',
  },
  WORKFLOW_SYNTAX: { when: 'workflow_code cannot be compiled', advice: 'mend the code at the place that is named' },
  NO_WORKFLOW_EXPORT: { when: 'workflow_code exports no function', advice: 'export the workflow function' },
  IMPORT_FORBIDDEN: {
    when: 'workflow_code imports something else than @temporalio/workflow, @temporalio/common or a package of GUEST_PACKAGES',
    advice: 'move what needs it into an activity',
  },
  DUPLICATE_WORKFLOW_TYPE: {
    when: 'two active workflows of the project export the same name',
    advice: 'rename one; other types stay usable',
  },
  DUPLICATE_ACTIVITY: {
    when: 'two active components of the project export the same name',
    advice: 'rename one; other names stay usable',
  },
  CODE_TOO_LARGE: {
    when: 'the code is larger than WORKFLOW_CODE_MAX_BYTES',
    advice: 'split the workflow, or have the limit raised',
  },
  DEFINITION_SHAPE: {
    when: 'definition is not of the documented form',
    advice: 'store { nodes: [{ id, type, data: { componentId } }], edges }',
  },
  COMPONENT_MISSING: { when: 'a node names a component that is not there', advice: 'mend componentId of the node' },
  COMPONENT_INACTIVE: { when: 'a node names a component that is switched off', advice: 'switch the component on' },
  COMPONENT_FOREIGN: {
    when: 'a node names a component of another project',
    advice: "use one of the project's own, or one that the operator offers to all",
  },
  LANGUAGE_UNKNOWN: {
    when: 'implementation_language is neither typescript nor javascript',
    advice: 'set it to typescript or javascript',
  },
  ACTIVITY_SYNTAX: {
    when: 'code of an activity cannot be compiled',
    advice: 'mend the code at the place that is named',
  },
  NO_NAMED_EXPORT: { when: 'code of an activity exports no named function', advice: 'export the function by its name' },
  WORKFLOW_TYPE_UNKNOWN: {
    retryable: false,
    when: "no active workflow of the queue's project exports this type",
    advice: 'start one of the types that the message names',
  },
  WORKFLOW_CODE_ERROR: {
    retryable: false,
    when: 'workflow code threw, outside of what Temporal makes a failure of',
    advice: 'read the message and the line in the error',
  },
  WORKFLOW_NOT_READY: {
    status: 409,
    when: 'a query came before the first step of the run had loaded its plan',
    advice: 'ask again',
  },
  GUEST_STEPS_EXCEEDED: {
    retryable: false,
    when: 'workflow code took more than GUEST_STEPS steps without waiting',
    advice: 'look for an endless loop; move work into an activity',
  },
  GUEST_MEMORY_EXCEEDED: {
    retryable: false,
    when: 'workflow code used more than GUEST_MEMORY_MB',
    advice: 'keep large data out of the workflow; have the limit raised',
  },
  FOREIGN_TARGET: {
    retryable: false,
    when: 'workflow code named another task queue, or a run of another project',
    advice: "leave taskQueue out: activities and children go to the project's own",
  },
  RESERVED_NAME: {
    retryable: false,
    when: 'a workflow type or an activity has a name that is kept for the host',
    advice: 'choose another name',
  },
  ACTIVITY_TIMEOUT_MISSING: {
    retryable: false,
    when: 'proxyActivities was given neither startToCloseTimeout nor scheduleToCloseTimeout',
    advice: 'give one of the two',
  },
  ACTIVITY_NOT_FOUND: {
    retryable: false,
    when: 'neither a component, nor activities_code, nor a built-in has an activity of this name',
    advice: 'implement the name, name its component in a definition, or call one of those that the message names',
  },
  ACTIVITY_VERSION_NOT_FOUND: {
    retryable: false,
    when: 'no component of this name has the version that was called',
    advice: 'call one of the versions that the message names',
  },
  ACTIVITY_ARGUMENT: {
    retryable: false,
    when: 'a built-in activity was called with an argument that is not of the documented form',
    advice: 'mend the argument that the message names',
  },
  ACTIVITY_ERROR: {
    retryable: true,
    when: 'an activity threw',
    advice: 'read its message, its stack and the log of the attempt',
  },
  ACTIVITY_FAILING: {
    when: 'an activity of an open run fails at each attempt',
    advice: 'read its last failure; mend the activity, and start a new run: an open one keeps the code it began with',
  },
  ACTIVITY_RETRIES_EXHAUSTED: {
    when: 'an activity failed at every attempt that its retry policy gives',
    advice: 'read its last failure; mend the activity, or raise maximumAttempts',
  },
  WORKER_NOT_RUNNING: {
    status: 503,
    when: 'runs wait on the queue of a project whose worker does not run',
    advice: 'start the worker: POST /workers/start',
  },
  NO_POLLERS: {
    when: "nobody polls the project's task queue at Temporal",
    advice: 'start the worker; compare address and namespace of Temporal',
  },
  TEMPORAL_UNREACHABLE: {
    status: 503,
    retryable: true,
    when: 'Temporal does not answer at TEMPORAL_ADDRESS',
    advice: 'start Temporal, or mend TEMPORAL_ADDRESS',
  },
  TEMPORAL_CONNECTION_LOST: {
    status: 503,
    retryable: true,
    when: 'a worker ended because its connection to Temporal failed',
    advice: 'look at Temporal; the worker is started again by itself, at growing intervals',
  },
  DATABASE_UNREACHABLE: {
    status: 503,
    retryable: true,
    when: 'the database does not answer',
    advice: 'start it, or mend NEXT_PUBLIC_SUPABASE_URL',
  },
  DATABASE_FORBIDDEN: {
    status: 503,
    when: 'the database refuses the key of the host',
    advice: 'set SUPABASE_SERVICE_ROLE_KEY to the service key',
  },
  SCHEMA_OUTDATED: {
    status: 503,
    when: 'the database lacks a migration of this release',
    advice: 'apply the migrations that are named',
  },
  WORKER_FAILED: {
    retryable: true,
    when: 'a worker did not start, or ended, for a reason that has no code of its own',
    advice: "read the host's log and metadata.error of the newest row in workflow_workers",
  },
  RESTART_LIMIT: {
    when: 'a worker crashed more often than it is started again by itself',
    advice: 'mend the cause in metadata.error, then POST /workers/start',
  },
  HEARTBEAT_STALE: {
    when: 'a worker that counts as running has not shown itself for WORKER_STALE_MS',
    advice: 'look at its host: memory, network, log',
  },
  HEARTBEAT_WRITE_FAILED: {
    retryable: true,
    when: 'the heartbeat of a worker could not be written',
    advice: 'look at permissions of, and the network to, the database',
  },
  HEARTBEAT_ROW_LOST: {
    when: 'the row of a running worker is gone, or was closed by somebody else',
    advice: 'none: the host writes a new row, or stops the worker if its lease is lost',
  },
  STATUS_DRIFT: {
    when: 'what a host runs and what the database says of it differ',
    advice: 'wait for a monitor pass; restart the worker if it stays',
  },
  STALE_COMPILED_CODE: {
    when: 'the compilation that is marked active is not the code that is loaded',
    advice: 'publish the workflow again',
  },
  NOT_RECOMPILED: {
    when: 'the definition was changed after it was compiled',
    advice: 'compile the workflow again',
  },
  RUN_PINNED: {
    when: 'a run began before the code was changed, and keeps the code it began with',
    advice: 'start a new run',
  },
  LEASE_HELD: {
    status: 409,
    retryable: true,
    when: 'the worker is starting or stopping on another host',
    advice: 'try again in a moment',
  },
  LEASE_LOST: {
    status: 503,
    retryable: true,
    when: 'a host could not keep the lease of a worker, and stopped it',
    advice: 'look at the database and the network of that host; another host takes over',
  },
  CLOCK_SKEW: {
    when: 'the clock of the host differs from that of the database by more than 5 s',
    advice: 'set the clocks by NTP',
  },
  HOST_FULL: {
    status: 503,
    retryable: true,
    when: 'the host runs as many workers as WORKER_MAX_PROJECTS allows',
    advice: 'start another host, or raise the number',
  },
  EMBEDDED_SINGLE_HOST: {
    when: 'a second host was started on the embedded database',
    advice: 'use Supabase or PostgreSQL for more than one host',
  },
  SHUTTING_DOWN: {
    status: 503,
    retryable: true,
    when: 'the host is being stopped and starts no workers',
    advice: 'try again at another host, or in a moment',
  },
  CONFIG: { when: 'a setting of the environment cannot be used', advice: 'mend all that the message lists' },
} as const satisfies Record<string, ProjectRule>;

/** A code of projects and their workers. */
export type ProjectErrorCode = keyof typeof PROJECT_ERRORS;

/** A code that an answer of the API may carry. */
export type AnsweredCode = ApiCode | ProjectErrorCode;

/** Every code that an answer of the API may carry. */
export const ANSWERED = [...Object.keys(API_ERRORS), ...Object.keys(PROJECT_ERRORS)] as [
  AnsweredCode,
  ...AnsweredCode[],
];

/** True for a code of projects and their workers. */
export function isProjectErrorCode(word: unknown): word is ProjectErrorCode {
  return typeof word === 'string' && Object.hasOwn(PROJECT_ERRORS, word);
}

/** HTTP status of an answer with the code. */
export function statusOf(code: AnsweredCode): number {
  if (!isProjectErrorCode(code)) return API_ERRORS[code].status;
  const { status = 500 }: ProjectRule = PROJECT_ERRORS[code];
  return status;
}

/** When the code is answered. */
export function whenOf(code: AnsweredCode): string {
  return isProjectErrorCode(code) ? PROJECT_ERRORS[code].when : API_ERRORS[code].when;
}
