/** Which destinations want to be told of a change: topics and destinations as Aidbox has them, on the unprefixed base. */
import { evalFhirPathTyped, toTypedValue } from '@medplum/core';
import { isRecord } from './resource.ts';
import { type Key, type Store, UNSCOPED } from './store.ts';

/** A change of a resource, inside the transaction that makes it. `before` and `content` are JSON; null: it is not there. */
export type Change = Key & { readonly tenant: string; readonly before: string | null; readonly content: string | null };

/** How Aidbox marks a resource that was written under an organization. */
const TENANT = 'https://aidbox.app/tenant-organization-id';

type Json = Readonly<Record<string, unknown>>;

/** Keeps an event for each destination that the change matters to, in the change's own transaction. */
export function noteChange(store: Store, change: Change): void {
  const destinations = listAll(store, 'AidboxTopicDestination').filter(({ status }) => status === 'active');
  if (destinations.length === 0) return;
  const topics = listAll(store, 'AidboxSubscriptionTopic').filter((topic) => isMet(topic, change));
  const reference = `${change.type}/${change.id}`;
  const event = { reference, method: METHODS[interactionOf(change)], content: marked(change) };
  for (const { id, topic } of destinations) {
    if (topics.some(({ url }) => url === topic)) store.addEvent(String(id), event);
  }
}

/** A destination by its id; null when it is gone, or off. */
export function readDestination(store: Store, id: string): Json | null {
  const [row] = store.find({ tenant: UNSCOPED, type: 'AidboxTopicDestination', id });
  const destination = row ? (JSON.parse(row.content) as Json) : null;
  return destination?.status === 'active' ? destination : null;
}

const METHODS = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const;

function interactionOf({ before, content }: Change): keyof typeof METHODS {
  if (content === null) return 'delete';
  return before === null ? 'create' : 'update';
}

function isMet({ status, trigger }: Json, change: Change): boolean {
  if (status !== 'active' || !Array.isArray(trigger)) return false;
  return trigger.filter(isRecord).some(({ resource, supportedInteraction, fhirPathCriteria }) => {
    if (resource !== change.type) return false;
    if (Array.isArray(supportedInteraction) && !supportedInteraction.includes(interactionOf(change))) return false;
    return typeof fhirPathCriteria !== 'string' || holds(fhirPathCriteria, change);
  });
}

/** A deleted resource is judged as it was. */
function holds(criteria: string, { before, content }: Change): boolean {
  const [current, previous] = [content, before].map((text) => (text === null ? [] : [toTypedValue(JSON.parse(text))]));
  const subject = current?.[0] ?? previous?.[0];
  if (!subject) return false;
  const empty = toTypedValue(null);
  const variables = { '%current': current?.[0] ?? empty, '%previous': previous?.[0] ?? empty, '%resource': subject };
  try {
    const values = evalFhirPathTyped(criteria, [subject], variables);
    return values.length > 0 && values.every(({ value }) => value === true);
  } catch (error) {
    console.error('fhir server: the fhirPathCriteria of a topic cannot be evaluated:', error);
    return false;
  }
}

function marked({ tenant, content }: Change): string | null {
  if (content === null || tenant === UNSCOPED) return content;
  const { meta, ...resource } = JSON.parse(content) as Json;
  const { extension, ...rest } = isRecord(meta) ? meta : {};
  const mark = { url: TENANT, valueReference: { reference: `Organization/${tenant}` } };
  const others = Array.isArray(extension) ? extension.filter((each) => !isRecord(each) || each.url !== TENANT) : [];
  return JSON.stringify({ ...resource, meta: { ...rest, extension: [...others, mark] } });
}

function listAll(store: Store, type: string): Json[] {
  return [...store.scan(UNSCOPED, type, { ids: null, words: [] })].map(({ content }) => JSON.parse(content) as Json);
}
