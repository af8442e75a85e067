/** Calls of `http.fetch` under the grants of a run. */
import * as assert from 'uvu/assert';
import { type Capability, CapabilityError, type RunContext } from '../../../host/broker/capability.ts';
import type { HttpAnswer } from '../../../host/broker/http.ts';

type HttpGrants = Partial<RunContext['grants']['http']>;

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Context of a run that is granted HTTP; loopback may be reached unless `privateRanges` says otherwise. */
export function run(http: HttpGrants, change: Partial<RunContext> = {}): RunContext {
  return {
    tenant: 'a',
    runId: 'run',
    workflow: 'workflow',
    activity: 'activity',
    attempt: 1,
    digest: 'digest',
    grants: {
      capabilities: new Set(['http'] as const),
      http: { allow: [], privateRanges: LOOPBACK, secrets: new Map(), ...http },
      db: { tables: [], functions: [] },
      env: {},
    },
    deadline: Date.now() + 60_000,
    signal: new AbortController().signal,
    nextWriteKey: () => 'key',
    ...change,
  };
}

/** Calls `http.fetch`. */
export async function call(capability: Capability, args: unknown, context: RunContext): Promise<HttpAnswer> {
  const method = capability.methods.get('http.fetch');
  assert.ok(method);
  return (await method(args, context)) as HttpAnswer;
}

/** The error that a call rejects with. @throws when it is answered, or rejects with anything else. */
export async function refusal(work: Promise<unknown>, note = ''): Promise<CapabilityError> {
  const error = await work.then(
    () => 'answered',
    (caught: unknown) => caught,
  );
  assert.instance(error, CapabilityError, `${note} ${String(error)}`);
  return error as CapabilityError;
}

/** Asserts that a call is refused as not granted. */
export async function denied(work: Promise<unknown>, note: string): Promise<void> {
  const { code, activityCode } = await refusal(work, note);
  assert.equal([code, activityCode], ['DENIED', 'CAPABILITY_REFUSED'], note);
}
