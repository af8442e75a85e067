import { defineSearchAttributeKey } from '@temporalio/common';
import {
  continueAsNew,
  deprecatePatch,
  log,
  makeContinueAsNewFunc,
  metricMeter,
  patched,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';

const KEYWORD = defineSearchAttributeKey('SurfaceKeyword', 'KEYWORD');
const NUMBER = defineSearchAttributeKey('SurfaceNumber', 'INT');

/** What a run knows of itself, as far as it is the same for the same start. */
export async function info(): Promise<unknown> {
  const before = workflowInfo();
  await sleep(10);
  const now = workflowInfo();
  return {
    id: now.workflowId,
    type: now.workflowType,
    namespace: now.namespace,
    queue: now.taskQueue,
    attempt: now.attempt,
    memo: now.memo,
    searchAttributes: now.searchAttributes,
    timeouts: [now.executionTimeoutMs, now.runTimeoutMs, now.taskTimeoutMs],
    retryPolicy: now.retryPolicy,
    orphan: now.parent === undefined && now.root === undefined,
    dates: now.startTime instanceof Date && now.runStartTime instanceof Date && now.startTime <= now.runStartTime,
    first: now.firstExecutionRunId === now.runId,
    continuedFrom: now.continuedFromExecutionRunId ?? 'none',
    last: [now.lastResult ?? 'none', now.lastFailure ?? 'none'],
    grows: now.historyLength > before.historyLength && now.historySize > before.historySize,
    suggested: now.continueAsNewSuggested,
    replaying: now.unsafe.isReplaying,
    cron: now.cronSchedule ?? 'none',
    priority: now.priority ?? 'none',
  };
}

export async function remembers(): Promise<unknown> {
  upsertMemo({ step: 1, note: { a: 1 }, gone: true });
  const first = { ...workflowInfo().memo };
  await sleep(10);
  upsertMemo({ step: 2, gone: null });
  return [first, workflowInfo().memo];
}

export async function attributes(): Promise<unknown> {
  upsertSearchAttributes([
    { key: KEYWORD, value: 'typed' },
    { key: NUMBER, value: 7 },
  ]);
  const first = workflowInfo().searchAttributes;
  await sleep(10);
  upsertSearchAttributes({ SurfaceKeyword: ['untyped'], SurfaceNumber: [] });
  const typed = workflowInfo().typedSearchAttributes.get(KEYWORD);
  return [first, workflowInfo().searchAttributes, typed];
}

export async function patches(): Promise<unknown> {
  const first = patched('first');
  await sleep(10);
  const again = patched('first');
  const second = patched('second');
  deprecatePatch('third');
  await sleep(10);
  return [first, again, second];
}

/** Goes on as itself, with all that can be said of the next run; then as another type. */
export async function goesOn(round = 0): Promise<unknown> {
  if (round === 0) {
    await makeContinueAsNewFunc<typeof goesOn>({
      memo: { round: 1 },
      searchAttributes: { SurfaceKeyword: ['next'] },
      workflowRunTimeout: '50s',
      workflowTaskTimeout: '8s',
    })(1);
  }
  if (round === 1) await continueAsNew<typeof goesOn>(2);
  if (round === 2) await makeContinueAsNewFunc<typeof arrives>({ workflowType: 'arrives' })('at last');
  return 'not here';
}

export async function arrives(word: string): Promise<unknown> {
  const { memo, searchAttributes, continuedFromExecutionRunId, firstExecutionRunId, runId } = workflowInfo();
  return { word, memo, searchAttributes, chained: !!continuedFromExecutionRunId && firstExecutionRunId !== runId };
}

export async function logs(): Promise<void> {
  log.info('at the beginning', { number: 1, list: [1, 2], nested: { a: true } });
  log.debug('for the curious');
  await sleep(10);
  log.warn('in the middle');
  metricMeter.createCounter('surface').add(1, { a: 'b' });
  log.error('at the end', { reason: 'none' });
}
