/** What is told when Temporal is asked and nobody answers in time. */
import { type Client, ServiceError } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../host/error.ts';
import { asker } from '../../host/runs/ask.ts';
import { isLate } from '../../host/temporal/trouble.ts';

const test = suite('a question to Temporal that is late');
const client = { withDeadline: (_: number, work: () => Promise<unknown>) => work() } as unknown as Client;

/** As gRPC tells it: which of these codes it is at a deadline is a matter of microseconds. */
const late = (code: number): ServiceError => {
  const cause = Object.assign(new Error('late'), { code, details: '', metadata: {} });
  return new ServiceError('late', { cause });
};

for (const [code, name] of [
  [4, 'DEADLINE_EXCEEDED'],
  [1, 'CANCELLED'],
] as const) {
  test(`${name} is TEMPORAL_UNAVAILABLE, and no error of the host`, async () => {
    assert.is(isLate(late(code)), true);
    const told = await asker(client)(() => Promise.reject(late(code))).catch((error: unknown) => error);
    assert.ok(told instanceof ApiError, String(told));
    assert.is(told.code, 'TEMPORAL_UNAVAILABLE');
  });
}

test.run();
