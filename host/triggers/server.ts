/** Which kind of subscriptions a FHIR server takes. */
import type { Resource } from '../broker/fhir.ts';

/** Ways to be told of changes. `none`: the server has neither. */
export type SubscriptionKind = 'aidbox' | 'r4' | 'none';

/** What is known of a server. */
export interface ServerKind {
  readonly kind: SubscriptionKind;
  /** Of Aidbox, such as `2604`; null when it does not say. */
  readonly version: string | null;
}

/** Reads a CapabilityStatement. `setting` decides instead of it, where an operator knows better. */
export function serverKind(statement: Resource, setting: 'auto' | 'aidbox' | 'r4'): ServerKind {
  const { name, version } = recordOf(statement.software);
  const types = listOf(statement.rest).flatMap((rest) =>
    listOf(recordOf(rest).resource).map((each) => recordOf(each).type),
  );
  const isAidbox = types.includes('AidboxTopicDestination') || /aidbox/i.test(String(name));
  const found = isAidbox ? 'aidbox' : types.includes('Subscription') ? 'r4' : 'none';
  return { kind: setting === 'auto' ? found : setting, version: typeof version === 'string' ? version : null };
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
