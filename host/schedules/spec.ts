/** A schedule as a trigger defines it, in the form Temporal's client takes. Nothing in it is resolved or left out. */
import type { ScheduleOptions, ScheduleSpec } from '@temporalio/client';
import type { TriggerPart } from '../../registry/index.ts';

/**
 * Temporal's `ScheduleSpec`. YAML has no dates, and the client writes the end of an open range `{ start: 0 }` as 1, where
 * Temporal means its start: both are put right.
 */
export function scheduleSpec({ startAt, endAt, calendars, skip, ...rest }: TriggerPart): ScheduleSpec {
  return {
    ...rest,
    ...(typeof startAt === 'string' && { startAt: new Date(startAt) }),
    ...(typeof endAt === 'string' && { endAt: new Date(endAt) }),
    ...(Array.isArray(calendars) && { calendars: calendars.map(closed) }),
    ...(Array.isArray(skip) && { skip: skip.map(closed) }),
  } as ScheduleSpec;
}

/** Temporal's policies; what is not given is the server's own default (overlap SKIP, a catch-up window of a year). */
export function schedulePolicies(policies: TriggerPart | null): NonNullable<ScheduleOptions['policies']> {
  return { ...policies };
}

function closed(calendar: unknown): unknown {
  if (!isRecord(calendar)) return calendar;
  return Object.fromEntries(
    Object.entries(calendar).map(([name, value]) => [name, Array.isArray(value) ? value.map(range) : range(value)]),
  );
}

function range(value: unknown): unknown {
  return isRecord(value) && value.end === undefined ? { ...value, end: value.start } : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
