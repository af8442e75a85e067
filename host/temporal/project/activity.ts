/** The catch-all activity of a project's worker: the activity's type is the name that guest code calls, its arguments are the script's own. */
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import {
  type ActivityHeader,
  type ActivityPin,
  DEFAULT_DECLARATION,
  type ProjectRow,
} from '../../../registry/index.ts';
import type { ActivityRun, Bundle, Limits, LogLine } from '../../../sandbox/index.ts';
import type { Grants } from '../../broker/capability.ts';
import { isProjectErrorCode } from '../../codes.ts';
import type { Kill, Ward } from '../../quarantine.ts';
import type { ScriptOutcome, ScriptRunner } from '../../runner.ts';
import type { TenantRules } from '../../tenants.ts';
import { endCancelled, isShutdown, untilPrepared } from '../activities/attempt.ts';
import { graceAfter, Pulse, remaining } from './attempt.ts';
import { endFailure, refusal, thrownFailure } from './failure.ts';
import { headerOf } from './header.ts';

/** Where the code of activities is had from. */
export interface ActivityCode {
  bundle(digest: string): Promise<Bundle | null>;
  latest(project: ProjectRow, name: string, workflowId: string | null): Promise<ActivityPin | null>;
}

/** Whose a line or a failure is. */
export interface AttemptOf {
  readonly projectId: string;
  readonly tenant: string;
  readonly runId: string;
  /** Name of the workflow; its type where no header says it. */
  readonly workflow: string;
  /** Id within the run; empty for a line of the workflow's own. */
  readonly activity: string;
  /** What guest code calls it; empty for a line of the workflow's own. */
  readonly name: string;
  readonly attempt: number;
}

/** What the activity needs from its host. */
export interface ProjectActivityDependencies {
  /** The row as it is now. */
  readonly project: () => ProjectRow;
  readonly code: ActivityCode;
  readonly tenants: TenantRules;
  readonly runner: ScriptRunner;
  /** Null: no code is ever stopped. */
  readonly ward: Ward | null;
  /** Cap on a result, bytes; what a project or a tenant is allowed otherwise cannot raise it. */
  readonly payloadMaxBytes: number;
  /** Heap of an activity for which nobody declares another, MiB. */
  readonly activityHeapMb: number;
  /** A store of the host failed; the text stays in the host. */
  readonly failed: (error: unknown, of: AttemptOf) => void;
  readonly log: (line: LogLine, of: AttemptOf) => void;
}

/** Names of the host's own steps. */
const HOST_STEP = 'cloister:';

/** Makes the default activity. Its failures have the script's own names, or codes of the host's. */
export function createProjectActivity(
  dependencies: ProjectActivityDependencies,
): (...args: unknown[]) => Promise<unknown> {
  return async (...args) => {
    const context = Context.current();
    const project = dependencies.project();
    const header = headerOf(context);
    const of = attemptOf(context, project, header);
    const pulse = new Pulse(context);
    const cancelled = graceAfter(context.cancellationSignal);
    try {
      if (of.name.startsWith(HOST_STEP)) throw refusal('RESERVED_NAME', reserved(of.name));
      const remainingMs = remaining(context);
      const prepared = await untilPrepared(context, () => gather(dependencies, project, header, of), {
        remainingMs: remainingMs(),
        failed: (error) => dependencies.failed(error, of),
      });
      const run = { context, args, of, pulse, signal: cancelled.signal, remainingMs: remainingMs(), project };
      return await conclude(context, of, prepared, await perform(dependencies, run, prepared));
    } catch (error) {
      throw await told(error, context, () => dependencies.failed(error, of));
    } finally {
      cancelled.end();
      pulse.end();
    }
  };
}

function attemptOf({ info }: Context, project: ProjectRow, header: ReturnType<typeof headerOf>): AttemptOf {
  const { workflowExecution, activityRunId, activityId, activityType, attempt, workflowType } = info;
  return {
    projectId: project.id,
    tenant: project.tenant,
    runId: workflowExecution?.runId ?? activityRunId ?? activityId,
    workflow: isHeader(header) ? header.workflow.name : (workflowType ?? ''),
    activity: activityId,
    name: activityType,
    attempt,
  };
}

const isHeader = (header: ReturnType<typeof headerOf>): header is ActivityHeader =>
  header !== null && header !== 'unreadable';

const reserved = (name: string): string =>
  `activity ${name}: found a name of the host's own, expected one of the project`;

/** All of a script's run that comes out of stores. */
interface Prepared {
  readonly entry: string;
  readonly bundle: Bundle;
  readonly grants: Grants;
  readonly limits: Limits;
  readonly notes: readonly string[];
}

async function gather(
  { code, tenants, ward, activityHeapMb }: ProjectActivityDependencies,
  project: ProjectRow,
  header: ReturnType<typeof headerOf>,
  of: AttemptOf,
): Promise<Prepared> {
  const { name } = of;
  if (header === 'unreadable')
    throw refusal('PLAN_INVALID', `activity ${name}: found a header that nobody of ours wrote`);
  if (header?.refused && isProjectErrorCode(header.refused.code)) {
    throw refusal(header.refused.code, header.refused.message);
  }
  if (header?.pin === null) throw unknownName(name, header.known ?? []);
  const pinned = header?.pin.digest ? header.pin : await code.latest(project, name, header?.workflow.id ?? null);
  if (!pinned?.digest) throw unknownName(name, header?.known ?? []);
  const declaration = project.declaration ?? DEFAULT_DECLARATION;
  const [bundle, effective] = await Promise.all([
    code.bundle(pinned.digest),
    tenants.effective(project.tenant, { declaration }, { limits: { heapMb: activityHeapMb, ...declaration.limits } }),
    admit(ward, of, pinned.digest),
  ]);
  if (!bundle)
    throw refusal(
      'PLAN_SOURCE_GONE',
      `activity ${name}: found no code ${pinned.digest.slice(0, 12)}, expected it in the code store`,
    );
  return { entry: pinned.export, bundle, ...effective };
}

/** Rejects with `COMMIT_QUARANTINED` when the bundle is stopped for the tenant; with something else when nobody knows. */
async function admit(ward: Ward | null, of: AttemptOf, digest: string): Promise<void> {
  const standing = await ward?.standing(of.tenant, { digest, commit: null });
  if (ward && standing) throw refusal('COMMIT_QUARANTINED', ward.refuse(standing, partOf(of, digest)));
}

/** Which part of which run it is about; the bundle stands for the code, as there is no commit. */
function partOf({ tenant, runId, workflow, name }: AttemptOf, digest: string): Omit<Kill, 'code'> {
  return { tenant, runId, workflow, activity: name, digest, commit: null };
}

function unknownName(name: string, known: readonly string[]): ApplicationFailure {
  const [base = ''] = name.split('@');
  const versions = known.filter((other) => other === base || other.startsWith(`${base}@`));
  if (name.includes('@') && versions.length > 0) {
    const message = `activity ${name}: found no such version, expected one of ${versions.join(', ')}`;
    return refusal('ACTIVITY_VERSION_NOT_FOUND', message);
  }
  const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'an activity of the project';
  return refusal('ACTIVITY_NOT_FOUND', `activity ${name}: found no such name, expected ${expected}`);
}

/** One attempt, as far as it does not come out of stores. */
interface Attempt {
  readonly context: Context;
  readonly args: readonly unknown[];
  readonly of: AttemptOf;
  readonly pulse: Pulse;
  readonly signal: AbortSignal;
  readonly remainingMs: number;
  readonly project: ProjectRow;
}

async function perform(
  { runner, ward, log, payloadMaxBytes }: ProjectActivityDependencies,
  { context, args, of, pulse, signal, remainingMs, project }: Attempt,
  { entry, bundle, grants, limits, notes }: Prepared,
): Promise<ScriptOutcome> {
  const { runId, workflow, activity, attempt } = of;
  const startedAt = new Date(context.info.scheduledTimestampMs).toISOString();
  const deterministic = project.declaration?.deterministic ?? false;
  const counting: (Promise<void> | undefined)[] = [];
  for (const message of notes) log({ level: 'warn', message, time: new Date().toISOString() }, of);
  const outcome = await runner.run({
    tenant: project.tenant,
    run: { id: runId, workflow, activity, attempt, startedAt, deterministic },
    digest: bundle.digest,
    bundle,
    entry,
    params: given(args),
    activity: activityOf(context, pulse),
    grants,
    limits: { ...limits, resultBytes: Math.min(limits.resultBytes, payloadMaxBytes) },
    remainingMs,
    signal,
    log: (line) => log(line, of),
    onKill: (code) => void counting.push(ward?.blame({ ...partOf(of, bundle.digest), code })),
  });
  // Told when it is counted: whatever runs next finds the code stopped.
  await Promise.all(counting);
  return outcome;
}

/** Trailing undefined arguments are none: JSON would make nulls of them, and defaults of the script would not apply. */
function given(args: readonly unknown[]): readonly unknown[] {
  return args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
}

function activityOf(context: Context, pulse: Pulse): ActivityRun {
  const { taskToken: _token, base64TaskToken: _text, ...info } = context.info;
  return {
    info: JSON.stringify(info),
    cancel: context.cancellationSignal,
    cancellation: () => ({
      reason: messageOf(context.cancellationSignal.reason),
      details: { ...context.cancellationDetails },
    }),
    heartbeat: (details) => pulse.say(details),
  };
}

const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : 'CANCELLED');

async function conclude(
  context: Context,
  { name }: AttemptOf,
  { limits }: Prepared,
  outcome: ScriptOutcome,
): Promise<unknown> {
  if (outcome.ok) return outcome.output;
  if (outcome.code === 'CANCELLED') return endCancelled(context);
  const { thrown } = outcome;
  throw outcome.code === 'SCRIPT_ERROR' && thrown
    ? thrownFailure(name, thrown)
    : endFailure(name, outcome, limits.heapMb);
}

/** What Temporal is told of an error: the script's, one of the table's, or that the host is in trouble. */
async function told(error: unknown, context: Context, log: () => void): Promise<unknown> {
  // A script that heard of the host's stop and ended by it was cancelled by nobody.
  if (isShutdown(context) && error instanceof CancelledFailure) return refusal('HOST_LOST', 'the host stopped', true);
  if (error instanceof CancelledFailure) return error;
  if (error instanceof ApplicationFailure)
    return error.type === 'HOST_LOST' ? refusal('HOST_LOST', error.message, true) : error;
  if (context.cancellationSignal.aborted) return context.cancelled;
  log();
  return refusal('HOST_LOST', 'the host failed', true);
}
