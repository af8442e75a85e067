/** A workflow by hand that schedules activities with the header that the guest interpreter sets. */
import { defaultPayloadConverter } from '@temporalio/common';
import {
  CancellationScope,
  scheduleActivity,
  scheduleLocalActivity,
  sleep,
  type WorkflowInterceptors,
} from '@temporalio/workflow';

/** One activity to call. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly isLocal: boolean;
  /** Cancel it by its scope after so long. */
  readonly cancelAfterMs?: number;
}

/** What the interpreter would know from its plan: name → header. */
export type Headers = Readonly<Record<string, unknown>>;

/** Schedules one activity and answers with its result. */
export async function call(call: Call, _headers: Headers): Promise<unknown> {
  const perform = (): Promise<unknown> =>
    call.isLocal
      ? scheduleLocalActivity(call.name, [...call.args], { startToCloseTimeout: '20s', ...call.options })
      : scheduleActivity(call.name, [...call.args], { startToCloseTimeout: '20s', ...call.options });
  if (call.cancelAfterMs === undefined) return perform();
  const scope = new CancellationScope();
  const result = scope.run(perform);
  await sleep(call.cancelAfterMs);
  scope.cancel();
  return result;
}

/** Sets the header on each activity, as `Headers` has it. */
export const interceptors = (): WorkflowInterceptors => {
  let headers: Headers = {};
  const withHeader = <T extends { readonly headers: Record<string, unknown> }>(input: T, name: string): T =>
    Object.hasOwn(headers, name)
      ? {
          ...input,
          headers: { ...input.headers, 'cloister-activity': defaultPayloadConverter.toPayload(headers[name]) },
        }
      : input;
  return {
    inbound: [
      {
        execute(input, next) {
          headers = input.args[1] as Headers;
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(withHeader(input, input.activityType)),
        scheduleLocalActivity: (input, next) => next(withHeader(input, input.activityType)),
      },
    ],
  };
};
