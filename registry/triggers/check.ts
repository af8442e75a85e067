import { posix } from 'node:path';
import type { Budget } from '../report/budget.ts';
import type { Fields } from '../report/fields.ts';
import { readFields } from '../report/file.ts';
import { Report } from '../report/report.ts';
import { described, quoted, shown } from '../report/words.ts';
import { textOf } from '../yaml/node.ts';
import { checkPolicies } from './policies.ts';
import { checkSpec } from './spec.ts';
import { checkSubscription } from './subscription.ts';
import { readWebhook, type WebhookRule } from './webhook.ts';

const COMMON = ['type', 'workflow', 'description'];
const SUBSCRIPTION = [...COMMON, 'subscriptionTopic', 'destination', 'webhook'];
const WEBHOOK = [...COMMON, 'webhook'];
const SCHEDULE = [...COMMON, 'spec', 'policies', 'input'];
const KNOWN = { subscription: SUBSCRIPTION, schedule: SCHEDULE, webhook: WEBHOOK };

/** A trigger as checked. */
export interface CheckedTrigger {
  /** Null when the definition does not say. */
  readonly type: 'subscription' | 'schedule' | 'webhook' | null;
  readonly report: Report;
  /** What the definition says; null when it is no map of fields. */
  readonly fields: Fields | null;
  /** Path of the mapping that must build; null when there is none or it is not used. */
  readonly mapping: string | null;
  /** Who may post events; null: nobody. */
  readonly webhook: WebhookRule | null;
}

/** Ids of the folders below `triggers/` that hold a file. */
export function triggerFolders(files: ReadonlyMap<string, string>): string[] {
  const folders = [...files.keys()].flatMap((path) => /^triggers\/([^/]+)\//.exec(path)?.[1] ?? []);
  return [...new Set(folders)].sort();
}

/** Checks the definition of one trigger and what stands beside it. */
export async function checkTrigger(
  id: string,
  files: ReadonlyMap<string, string>,
  workflows: readonly string[],
  budget?: Budget,
): Promise<CheckedTrigger> {
  const file = posix.join('triggers', id, 'definition.yaml');
  const report = new Report(file, budget);
  checkId(id, report);
  const text = files.get(file);
  if (text === undefined) {
    const found = 'no definition.yaml';
    const where = `trigger ${quoted(id)}`;
    report.add({ code: 'TRIGGER_FIELD', at: { line: 1, column: 1 }, where, found, expected: 'a definition' });
    return { type: null, report, fields: null, mapping: null, webhook: null };
  }
  const fields = await readFields(text, `trigger ${quoted(id)}`, report);
  if (fields === undefined) return { type: null, report, fields: null, mapping: null, webhook: null };
  const type = readType(fields);
  checkWorkflow(fields, workflows);
  const mapping = checkMapping(fields, type, files);
  if (type === 'subscription') checkSubscription(fields);
  if (type === 'schedule') checkSchedule(fields);
  const webhook = type === 'subscription' || type === 'webhook' ? readWebhook(fields, type) : null;
  if (type !== null) fields.known(KNOWN[type]);
  return { type, report, fields, mapping, webhook };
}

function checkId(id: string, report: Report): void {
  if (/^[A-Za-z0-9-]{1,48}$/.test(id)) return;
  const expected = '1 to 48 letters, digits or "-"';
  report.add({ code: 'TRIGGER_ID', at: { line: 1, column: 1 }, where: 'trigger folder', found: quoted(id), expected });
}

function readType(fields: Fields): CheckedTrigger['type'] {
  const node = fields.get('type');
  const word = node === undefined ? 'subscription' : textOf(node);
  if (word === 'subscription' || word === 'schedule' || word === 'webhook') return word;
  const expected = 'subscription, schedule or webhook';
  if (node) fields.problem('type', node, { code: 'TRIGGER_FIELD', found: shown(node), expected });
  return null;
}

function checkWorkflow(fields: Fields, workflows: readonly string[]): void {
  const node = fields.get('workflow');
  if (node === undefined) {
    fields.missing('workflow', 'a workflow id of this project', 'TRIGGER_FIELD');
    return;
  }
  const id = textOf(node);
  if (id !== undefined && workflows.includes(id)) return;
  const expected = `a workflow id of this project${id === undefined ? '' : fields.report.didYouMean(id, workflows)}`;
  fields.problem('workflow', node, { code: 'TRIGGER_WORKFLOW', found: shown(node), expected });
}

/** What takes events needs a mapping; a schedule that has one never uses it. */
function checkMapping(fields: Fields, type: CheckedTrigger['type'], files: ReadonlyMap<string, string>): string | null {
  const { report, map, where } = fields;
  const path = posix.join(posix.dirname(report.file), 'input-mapping.ts');
  const isThere = files.has(path);
  const finding = { code: 'TRIGGER_MAPPING', at: map.at, where };
  if (type === 'schedule' && isThere) {
    const expected = 'none beside a schedule: it is never used';
    report.add({ ...finding, severity: 'warning', found: 'input-mapping.ts', expected });
  }
  const takesEvents = type === 'subscription' || type === 'webhook';
  if (takesEvents && !isThere) {
    report.add({ ...finding, found: 'no input-mapping.ts', expected: 'one that exports main' });
  }
  return takesEvents && isThere ? path : null;
}

function checkSchedule(fields: Fields): void {
  const spec = fields.get('spec');
  const expected = 'intervals, cronExpressions or calendars';
  if (spec === undefined) fields.missing('spec', expected, 'TRIGGER_SPEC');
  else if (spec.kind !== 'map')
    fields.problem('spec', spec, { code: 'TRIGGER_SPEC', found: described(spec), expected });
  else checkSpec(spec, fields);
  checkPolicies(fields);
  const input = fields.get('input');
  if (input !== undefined && input.kind !== 'map') {
    fields.problem('input', input, { code: 'TRIGGER_FIELD', found: described(input), expected: 'a map' });
  }
  const own = input?.kind === 'map' ? input.entries.find(({ key }) => key === '_workflowId') : undefined;
  if (own !== undefined) {
    const finding = { at: own.keyAt, where: `${fields.where} input`, found: 'field "_workflowId"' };
    fields.report.add({ ...finding, code: 'FIELD_UNKNOWN', expected: 'it to be absent: it is dropped' });
  }
}
