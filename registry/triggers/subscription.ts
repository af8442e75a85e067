import type { Fields } from '../report/fields.ts';
import { described, shown } from '../report/words.ts';
import { field, textOf, type YamlMap, type YamlNode } from '../yaml/node.ts';

const TOPIC = 'resourceType AidboxSubscriptionTopic with url, status and trigger';
const CONTENTS = ['full-resource', 'id-only', 'empty'];
const INTERACTIONS = ['create', 'update', 'delete'];

/** Checks `subscriptionTopic` and `destination`. */
export function checkSubscription(fields: Fields): void {
  const topic = fields.get('subscriptionTopic');
  if (topic === undefined) fields.missing('subscriptionTopic', TOPIC, 'TRIGGER_TOPIC');
  else if (topic.kind !== 'map') fields.problem('subscriptionTopic', topic, fault(described(topic)));
  else checkTopic(topic, fields);
  checkDestination(fields);
}

function fault(found: string, expected = TOPIC): { code: string; found: string; expected: string } {
  return { code: 'TRIGGER_TOPIC', found, expected };
}

function checkTopic(topic: YamlMap, fields: Fields): void {
  const type = field(topic, 'resourceType');
  if (type !== undefined && textOf(type) !== 'AidboxSubscriptionTopic') {
    fields.problem('subscriptionTopic', type, fault(`resourceType ${shown(type)}`));
  }
  for (const name of ['resourceType', 'url', 'status']) {
    const value = field(topic, name);
    if (value === undefined) fields.problem('subscriptionTopic', topic, fault(`no "${name}"`));
    else if (textOf(value) === undefined)
      fields.problem('subscriptionTopic', value, fault(`${name} ${described(value)}`));
  }
  const trigger = field(topic, 'trigger');
  if (trigger === undefined) fields.problem('subscriptionTopic', topic, fault('no "trigger"'));
  else if (trigger.kind !== 'list' || trigger.items.length === 0) {
    fields.problem('subscriptionTopic', trigger, fault(`trigger ${described(trigger)}`));
  } else {
    for (const [index, entry] of trigger.items.entries())
      checkEntry(entry, `subscriptionTopic.trigger[${index}]`, fields);
  }
}

function checkEntry(entry: YamlNode, name: string, fields: Fields): void {
  if (entry.kind !== 'map') {
    fields.problem(name, entry, fault(described(entry), 'a map with resource'));
    return;
  }
  const resource = field(entry, 'resource');
  if (textOf(resource) === undefined) {
    const found = resource === undefined ? 'no "resource"' : `resource ${described(resource)}`;
    fields.problem(name, resource ?? entry, fault(found, 'a FHIR type to watch'));
  }
  const interactions = field(entry, 'supportedInteraction');
  if (interactions === undefined) return;
  const items = interactions.kind === 'list' ? interactions.items : [interactions];
  for (const item of items) {
    if (interactions.kind === 'list' && INTERACTIONS.includes(textOf(item) ?? '')) continue;
    const expected = interactions.kind === 'list' ? 'create, update or delete' : 'a list out of create, update, delete';
    fields.problem(`${name}.supportedInteraction`, item, { code: 'TRIGGER_FIELD', found: shown(item), expected });
  }
}

function checkDestination(fields: Fields): void {
  const destination = fields.get('destination');
  if (destination === undefined) return;
  if (destination.kind !== 'map') {
    fields.problem('destination', destination, {
      code: 'TRIGGER_FIELD',
      found: described(destination),
      expected: 'a map',
    });
    return;
  }
  const content = field(destination, 'content');
  if (content === undefined || CONTENTS.includes(textOf(content) ?? '')) return;
  const finding = { code: 'TRIGGER_FIELD', found: shown(content), expected: 'full-resource, id-only or empty' };
  fields.problem('destination.content', content, finding);
}
