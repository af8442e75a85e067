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
    when: 'scripts of this commit ended their cell too often for this tenant (docs/operate.md)',
    advice: 'mend the script in a new commit, or have an operator release it: cloister quarantine release ID',
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
  RUN_CLOSED: { status: 409, when: 'the run has ended: there is nothing to cancel or to terminate' },
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
