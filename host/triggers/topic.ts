/** Aidbox's two resources of a subscription trigger. */
import type { Trigger, TriggerPart } from '../../registry/index.ts';
import { type Registration, stamped } from './stamp.ts';

/** Where events of triggers are to be posted. */
export interface Receiver {
  /** Public address of the API, without a slash at its end. */
  readonly baseUrl: string;
  /** Bearer token of triggers that name no secrets of their own; null: none. */
  readonly token: string | null;
  /** Value of a secret that a trigger names; undefined when the operator has not set it. */
  readonly secretOf: (alias: string) => string | undefined;
}

/** Id of a trigger's topic. */
export const topicId = (trigger: string): string => `ts-trigger-${trigger}`;

/** Id of a trigger's destination. */
export const destinationId = (trigger: string): string => `ts-trigger-dest-${trigger}`;

/** Address to which the events of a trigger are posted. */
export function endpointOf({ baseUrl }: Receiver, trigger: string): string {
  return `${baseUrl}/triggers/${trigger}/webhook`;
}

/** Header with which the FHIR server proves itself; null: there is no secret, or the trigger wants a signature, which it cannot make. */
export function proofOf({ webhook }: Trigger, { token, secretOf }: Receiver): string | null {
  const [newest] = webhook?.secrets ?? [];
  const secret = newest === undefined ? token : (secretOf(newest) ?? null);
  if (webhook === null || secret === null) return null;
  if (webhook.signature === 'bearer') return `Authorization: Bearer ${secret}`;
  return webhook.signature === 'shared-secret' ? `${webhook.header ?? 'X-Webhook-Secret'}: ${secret}` : null;
}

/**
 * Profiles of a destination, by Aidbox's version such as `2604` or `2604.1-lts`, the likely one first; a server that does not
 * say how old it is may know only the other.
 */
export function profilesOf(version: string | null): readonly [string, ...string[]] {
  const [release] = /\d{4}/.exec(version ?? '') ?? [];
  if (release === undefined) return [NEW_PROFILE, OLD_PROFILE];
  return [Number(release) < NEW_PROFILE_SINCE ? OLD_PROFILE : NEW_PROFILE];
}

const NEW_PROFILE_SINCE = 2604;
const OLD_PROFILE = 'http://aidbox.app/StructureDefinition/aidboxtopicdestination-webhook-at-least-once';
const NEW_PROFILE =
  'http://health-samurai.io/fhir/core/StructureDefinition/aidboxtopicdestination-webhookAtLeastOnceProfile';

/** The topic as its definition has it, under our id. */
export function topicResource({ id, subscriptionTopic }: Trigger): Registration {
  return stamped(id, { ...subscriptionTopic, resourceType: 'AidboxSubscriptionTopic', id: topicId(id) });
}

/**
 * The destination. `destination` of the definition replaces fields, and entries of `parameter` by their name; headers count by
 * the header's own name, for there may be several. Id, kind and topic stay ours.
 */
export function destinationResource(trigger: Trigger, receiver: Receiver, profile: string): Registration {
  const { parameter, ...fields } = trigger.destination ?? {};
  return stamped(trigger.id, {
    status: 'active',
    meta: { profile: [profile] },
    content: 'full-resource',
    ...fields,
    resourceType: 'AidboxTopicDestination',
    id: destinationId(trigger.id),
    kind: 'webhook-at-least-once',
    topic: trigger.subscriptionTopic?.url,
    parameter: merged(parametersOf(trigger, receiver), Array.isArray(parameter) ? parameter : []),
  });
}

function parametersOf(trigger: Trigger, receiver: Receiver): TriggerPart[] {
  const endpoint = { name: 'endpoint', valueUrl: endpointOf(receiver, trigger.id) };
  const proof = proofOf(trigger, receiver);
  return proof === null ? [endpoint] : [endpoint, { name: 'header', valueString: proof }];
}

function merged(ours: readonly TriggerPart[], theirs: readonly TriggerPart[]): TriggerPart[] {
  const taken = new Set(theirs.map(keyOf));
  return [...ours.filter((each) => !taken.has(keyOf(each))), ...theirs];
}

function keyOf(parameter: TriggerPart): string {
  const { name, valueString } = parameter ?? {};
  if (name !== 'header') return String(name);
  return `header ${String(valueString).split(':')[0]?.trim().toLowerCase()}`;
}
