/** A subscription trigger as `Subscription` of R4 (rest-hook), for servers that do not know Aidbox's types. */
import type { Problem, Trigger } from '../../registry/index.ts';
import { type Registration, stamped } from './stamp.ts';
import { endpointOf, proofOf, type Receiver } from './topic.ts';

/** Entry of a topic, as the definition writes it. */
interface Watched {
  readonly resource?: unknown;
  readonly supportedInteraction?: unknown;
  readonly fhirPathCriteria?: unknown;
}

/** One resource for each type that the topic watches. A trigger's id has no dot, so that no two of them meet. */
export function subscriptionResources(trigger: Trigger, receiver: Receiver): Registration[] {
  const endpoint = endpointOf(receiver, trigger.id);
  const proof = proofOf(trigger, receiver);
  // Without a payload the notification says only that there was one: nearer to id-only and empty than the whole resource.
  const whole = (trigger.destination?.content ?? 'full-resource') === 'full-resource';
  return typesOf(trigger).map((type, index) =>
    stamped(trigger.id, {
      resourceType: 'Subscription',
      id: subscriptionId(trigger.id, index),
      status: 'requested',
      reason: trigger.description ?? `trigger ${trigger.id}`,
      criteria: `${type}?`,
      channel: {
        type: 'rest-hook',
        endpoint,
        ...(whole && { payload: 'application/fhir+json' }),
        ...(proof && { header: [proof] }),
      },
    }),
  );
}

/** `ts-trigger-x`, then `ts-trigger-x.2` and so on. */
export function subscriptionId(trigger: string, index: number): string {
  return `ts-trigger-${trigger}${index === 0 ? '' : `.${index + 1}`}`;
}

/** What of a trigger the server cannot be told: its events then come unfiltered, and the mapping has to choose. */
export function limitsOf({ id, subscriptionTopic, destination }: Trigger): Problem[] {
  const watched = watchedOf(subscriptionTopic);
  const lost = [
    ...(watched.some(({ supportedInteraction }) => supportedInteraction !== undefined) ? ['supportedInteraction'] : []),
    ...(watched.some(({ fhirPathCriteria }) => fhirPathCriteria !== undefined) ? ['fhirPathCriteria'] : []),
    ...(destination?.content === 'id-only' ? ['destination.content id-only'] : []),
  ];
  return lost.map((found) => ({
    file: `triggers/${id}/definition.yaml`,
    line: 1,
    column: 1,
    severity: 'warning',
    code: 'SUBSCRIPTION_LIMITED',
    where: `trigger "${id}"`,
    found,
    expected: 'the mapping to do this: the FHIR server takes R4 subscriptions, which cannot say it',
  }));
}

function typesOf({ subscriptionTopic }: Trigger): string[] {
  return [...new Set(watchedOf(subscriptionTopic).map(({ resource }) => String(resource)))];
}

function watchedOf(topic: Trigger['subscriptionTopic']): readonly Watched[] {
  return Array.isArray(topic?.trigger) ? (topic.trigger as Watched[]) : [];
}
