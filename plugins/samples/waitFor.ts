import { activityInfo, heartbeat, sleep } from '@temporalio/activity';
import { isRecord, members, refuse } from './_argument.ts';

/** What the activity is given. */
export interface Input {
  milliseconds: number;
  reason?: string;
}

/** What it answers. */
export interface Output {
  waitedMs: number;
  reason?: string;
}

const STEP_MS = 1000;

/** Waits, and says each second how long it has; can be cancelled, and goes on after a restart. For long waits workflows have `sleep`. */
export async function main(input: Input): Promise<Output> {
  const { milliseconds, reason } = members('waitFor', input);
  if (typeof milliseconds !== 'number' || !Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    return refuse('waitFor.milliseconds', milliseconds, 'a whole number from 0');
  }
  if (reason !== undefined && typeof reason !== 'string') refuse('waitFor.reason', reason, 'text or nothing');
  for (let waitedMs = waitedBefore(); waitedMs < milliseconds; ) {
    const step = Math.min(STEP_MS, milliseconds - waitedMs);
    await sleep(step);
    waitedMs += step;
    heartbeat({ waitedMs });
  }
  return { waitedMs: milliseconds, ...(typeof reason === 'string' && { reason }) };
}

/** What an earlier attempt has waited. */
function waitedBefore(): number {
  const details: unknown = activityInfo().heartbeatDetails;
  return isRecord(details) && typeof details.waitedMs === 'number' ? details.waitedMs : 0;
}
