import type { Fields } from '../report/fields.ts';
import type { Report } from '../report/report.ts';
import { described, quoted, shown } from '../report/words.ts';
import { field, textOf, type YamlMap, type YamlNode } from '../yaml/node.ts';

const TIMES = ['intervals', 'cronExpressions', 'calendars'];
const KNOWN = [...TIMES, 'skip', 'startAt', 'endAt', 'jitter', 'timezone'];
const EXPECTED = 'intervals, cronExpressions or calendars';
/** What is expected of a duration here: Temporal's own form. */
export const DURATION = 'a number with s, m, h or d, such as "30m"';

/** Checks Temporal's `ScheduleSpec` as far as a mistake would only show when the schedule is registered. */
export function checkSpec(spec: YamlMap, fields: Fields): void {
  const fault: Fault = (name, node, found, expected) =>
    fields.problem(name, node, { code: 'TRIGGER_SPEC', found, expected });
  checkNames(spec, fields.report, fault);
  eachItem(spec, 'intervals', fault, checkInterval);
  eachItem(spec, 'cronExpressions', fault, checkCron);
  eachItem(spec, 'calendars', fault, checkCalendar);
  eachItem(spec, 'skip', fault, checkCalendar);
  checkDuration(field(spec, 'jitter'), 'spec.jitter', fault);
  checkDate(field(spec, 'startAt'), 'spec.startAt', fault);
  checkDate(field(spec, 'endAt'), 'spec.endAt', fault);
  const zone = field(spec, 'timezone');
  if (zone !== undefined && !isZone(textOf(zone)))
    fault('spec.timezone', zone, shown(zone), 'the name of a time zone, such as "Europe/Berlin"');
}

/** Temporal refuses the same names; an offset such as `+01:00` is none to it. */
function isZone(name: string | undefined): boolean {
  if (name === undefined || /^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

type Fault = (name: string, node: YamlNode, found: string, expected: string) => void;

type CheckItem = (item: YamlNode, name: string, fault: Fault) => void;

function checkNames(spec: YamlMap, report: Report, fault: Fault): void {
  const unknown = spec.entries.filter(({ key }) => !KNOWN.includes(key));
  for (const { key, keyAt, value } of unknown) {
    fault('spec', { ...value, at: keyAt }, quoted(key), EXPECTED + report.didYouMean(key, KNOWN));
  }
  const isEmpty = TIMES.every((name) => {
    const node = field(spec, name);
    return node === undefined || (node.kind === 'list' && node.items.length === 0);
  });
  if (isEmpty && unknown.length === 0) fault('spec', spec, 'no times', EXPECTED);
}

function eachItem(spec: YamlMap, name: string, fault: Fault, check: CheckItem): void {
  const node = field(spec, name);
  if (node !== undefined && node.kind !== 'list') fault(`spec.${name}`, node, described(node), 'a list');
  if (node?.kind !== 'list') return;
  for (const [index, item] of node.items.entries()) check(item, `spec.${name}[${index}]`, fault);
}

function checkInterval(item: YamlNode, name: string, fault: Fault): void {
  const every = item.kind === 'map' ? field(item, 'every') : undefined;
  if (item.kind !== 'map') fault(name, item, shown(item), 'a map with every');
  else if (every === undefined) fault(name, item, 'no "every"', DURATION);
  checkDuration(every, `${name}.every`, fault);
  if (item.kind === 'map') checkDuration(field(item, 'offset'), `${name}.offset`, fault);
}

function checkCalendar(item: YamlNode, name: string, fault: Fault): void {
  if (item.kind !== 'map') fault(name, item, shown(item), 'a map');
}

/** Whether a node is a duration as Temporal writes them. */
export function isDuration(node: YamlNode): boolean {
  return /^\d+(?:\.\d+)? ?[smhd]$/.test(textOf(node) ?? '');
}

function checkDuration(node: YamlNode | undefined, name: string, fault: Fault): void {
  if (node === undefined || isDuration(node)) return;
  fault(name, node, shown(node), DURATION);
}

function checkCron(node: YamlNode, name: string, fault: Fault): void {
  const text = textOf(node);
  const fields = text === undefined ? [] : cronFields(text);
  // `@daily` is one word, `@every 30m` two.
  if (fields[0]?.startsWith('@') && fields.length <= 2) return;
  if (fields.length >= 5 && fields.length <= 7) return;
  const found = text === undefined ? shown(node) : `${quoted(text)} with ${fields.length} fields`;
  fault(name, node, found, '5, 6 or 7 fields');
}

/** Without the time zone that may stand in front and the comment that may follow. */
function cronFields(text: string): string[] {
  const times = text
    .trim()
    .replace(/^(?:CRON_)?TZ=\S+/, '')
    .replace(/#.*$/, '')
    .trim();
  return times === '' ? [] : times.split(/\s+/);
}

function checkDate(node: YamlNode | undefined, name: string, fault: Fault): void {
  const text = textOf(node);
  if (node === undefined || (text !== undefined && !Number.isNaN(Date.parse(text)))) return;
  fault(name, node, shown(node), 'an ISO date');
}
