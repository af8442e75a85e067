import { posix } from 'node:path';
import { readLimits } from '../declaration.ts';
import { Fields, type Placed } from '../report/fields.ts';
import type { Report } from '../report/report.ts';
import { described, listed, quoted } from '../report/words.ts';
import { RULES_BUILT_IN } from '../rules/module.ts';
import { type PluginRef, parseScript, type ScriptRef } from '../scripts/ref.ts';
import { field, textOf, type YamlMap, type YamlNode } from '../yaml/node.ts';
import { readId } from './id.ts';
import { compileCondition, compileParams } from './params.ts';
import type { Names, Use } from './reference.ts';
import type { ProjectScope } from './scope.ts';
import type { ActivitySource } from './source.ts';
import { readTiming } from './timing.ts';

const ACTIVITY_FIELDS = [
  'id',
  'name',
  'description',
  'script',
  'childWorkflow',
  'params',
  'children',
  'applicability',
  'retries',
  'timeout',
  'backoff',
  'decoupled',
  'limits',
  'deterministic',
];

/** An activity of which only id and children are read: what the tree needs. */
export interface ActivityOutline {
  readonly id: string;
  readonly idAt: YamlNode['at'];
  readonly fields: Fields;
  readonly children: readonly Placed[];
}

/** Reads id and children of entry `index` of `activities`; undefined when the entry is no map. */
export function outline(node: YamlNode, index: number, report: Report): ActivityOutline | undefined {
  const place = `activities[${index}]`;
  if (node.kind !== 'map') {
    const where = `workflow ${place}`;
    report.add({
      code: 'FIELD_TYPE',
      at: node.at,
      where,
      found: described(node),
      expected: 'an activity: a map of fields',
    });
    return undefined;
  }
  const id = readId(new Fields(node, 'activity', report), 'activity');
  const fields = new Fields(node, id === undefined ? `activity ${place}` : `activity ${quoted(id)}`, report);
  const children = fields.strings('children', 'a list of activity ids') ?? [];
  return { id: id ?? place, idAt: idPosition(node), fields, children };
}

function idPosition(map: YamlMap): YamlNode['at'] {
  return map.entries.find(({ key }) => key === 'id')?.value.at ?? map.at;
}

/** Reads the rest of an activity and reports all that is wrong with it. */
export function readActivity(
  { id, idAt, fields, children }: ActivityOutline,
  names: Names,
  scope: ProjectScope,
): ActivitySource {
  fields.known(ACTIVITY_FIELDS);
  checkTarget(fields);
  const script = fields.string('script') ?? null;
  const childWorkflow = readChild(fields, scope);
  const params = fields.get('params');
  if (params !== undefined && params.kind !== 'map') fields.wrongType('params', params, 'a map');
  const ref = script === null ? null : readScript(fields, script, scope);
  if (ref?.kind === 'built-in' && ref.name === RULES_BUILT_IN && params?.kind === 'map')
    checkManifest(fields, params, scope);
  const use = (name: string, node: YamlNode): Use => ({ activity: id, where: `${fields.where} ${name}`, at: node.at });
  const conditions = fields.list('applicability', 'a list of expressions')?.items ?? [];
  return {
    id,
    idAt,
    map: fields.map,
    name: fields.string('name') ?? id,
    description: fields.string('description') ?? null,
    script,
    ref,
    childWorkflow,
    params: compileParams(params?.kind === 'map' ? params : undefined, use('params', params ?? fields.map), names),
    applicability: conditions.map((node, n) => compileCondition(node, use(`applicability[${n}]`, node), names)),
    children,
    ...readTiming(fields, script !== null),
    decoupled: fields.boolean('decoupled') ?? false,
    limits: readLimits(fields),
    deterministic: fields.boolean('deterministic') ?? null,
  };
}

function checkTarget(fields: Fields): void {
  const given = ['script', 'childWorkflow'].filter((name) => fields.get(name) !== undefined);
  if (given.length === 1) return;
  const both = given.length === 2;
  fields.report.add({
    code: both ? 'SCRIPT_AND_CHILD' : 'FIELD_MISSING',
    at: fields.map.at,
    where: fields.where,
    found: both ? 'both "script" and "childWorkflow"' : 'no "script" or "childWorkflow"',
    expected: 'exactly one',
  });
}

function readChild(fields: Fields, scope: ProjectScope): Placed | null {
  const text = fields.string('childWorkflow', 'a workflow id');
  const node = fields.get('childWorkflow');
  if (text === undefined || node === undefined) return null;
  if (scope.workflows.includes(text)) return { text, node };
  const expected = `a workflow id of this project${fields.report.didYouMean(text, scope.workflows)}`;
  fields.problem('childWorkflow', node, { code: 'CHILD_WORKFLOW_UNKNOWN', found: quoted(text), expected });
  return null;
}

function readScript(fields: Fields, script: string, scope: ProjectScope): ScriptRef | PluginRef | null {
  const node = fields.get('script') ?? fields.map;
  const ref = parseScript(script);
  if (ref === undefined) {
    const expected = '"@aidbox-billing/<category>/<name>" or "./activities/….ts"';
    fields.problem('script', node, { code: 'SCRIPT_FORM', found: quoted(script), expected });
    return null;
  }
  if (ref.kind === 'plugin') return ref;
  if (ref.kind === 'built-in') {
    if (scope.builtIns.includes(ref.name)) return ref;
    const expected = `one of ${listed(scope.builtIns)}${fields.report.didYouMean(ref.name, scope.builtIns)}`;
    fields.problem('script', node, { code: 'BUILTIN_UNKNOWN', found: `built-in ${quoted(ref.name)}`, expected });
    return null;
  }
  if (ref.path.startsWith('activities/') && scope.files.has(ref.path)) return ref;
  const expected = 'an existing .ts file below activities/';
  fields.problem('script', node, { code: 'SCRIPT_MISSING', found: `no file ${ref.path}`, expected });
  return null;
}

/** A literal path must name a manifest of the project: one that leaves it is never among its files. */
function checkManifest(fields: Fields, params: YamlMap, scope: ProjectScope): void {
  const node = field(params, 'manifestPath');
  const path = textOf(node);
  if (node === undefined || path === undefined || path.startsWith('$') || scope.files.has(posix.normalize(path)))
    return;
  const expected = 'an existing manifest of rules in the project';
  fields.problem('params.manifestPath', node, { code: 'RULE_FIELD', found: `no file ${path}`, expected });
}
