/** The header of activities that guest code schedules, as the host reads it. */
import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import {
  ACTIVITY_HEADER,
  type ActivityHeader,
  type ActivityPin,
  type ActivityRefusal,
} from '../../../registry/index.ts';

/** Headers of the attempts that run. */
const headers = new WeakMap<Context, unknown>();

/** Keeps the header of each attempt for as long as that lasts. */
export function keepHeader(context: Context): { inbound: ActivityInboundCallsInterceptor } {
  return {
    inbound: {
      execute(input, next) {
        const payload = input.headers[ACTIVITY_HEADER];
        if (payload) headers.set(context, decoded(payload));
        return next(input);
      },
    },
  };
}

/** Whatever a client of Temporal's own put there: what cannot be decoded is no header of ours. */
function decoded(payload: Payload): unknown {
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}

/** Header of an attempt: null when there is none, `unreadable` when it is not what the guest interpreter writes. */
export function headerOf(context: Context): ActivityHeader | null | 'unreadable' {
  if (!headers.has(context)) return null;
  const header = headers.get(context);
  return isHeader(header) ? header : 'unreadable';
}

const KINDS: ReadonlySet<unknown> = new Set<ActivityPin['kind']>(['component', 'own', 'built-in']);

function isHeader(value: unknown): value is ActivityHeader {
  if (!isRecord(value)) return false;
  const { pin, workflow, known } = value;
  if (!isRecord(workflow) || typeof workflow.id !== 'string' || typeof workflow.name !== 'string') return false;
  if (known !== undefined && !(Array.isArray(known) && known.every((name) => typeof name === 'string'))) return false;
  if (value.refused !== undefined && !isRefusal(value.refused)) return false;
  return pin === null || isPin(pin);
}

function isRefusal(value: unknown): value is ActivityRefusal {
  return isRecord(value) && typeof value.code === 'string' && typeof value.message === 'string';
}

function isPin(value: unknown): value is ActivityPin {
  if (!isRecord(value)) return false;
  const { kind, digest, export: name, component, version } = value;
  return KINDS.has(kind) && typeof name === 'string' && [digest, component, version].every(isTextOrNull);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';
