import type { Fields } from '../report/fields.ts';
import { described, shown } from '../report/words.ts';
import { field, textOf, type YamlNode } from '../yaml/node.ts';
import { DURATION, isDuration } from './spec.ts';

const NAMES = ['overlap', 'catchupWindow', 'pauseOnFailure'];
const OVERLAPS = ['SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER', 'ALLOW_ALL'];

/** Checks `policies` of a schedule: Temporal's own names, each of which may be left out. */
export function checkPolicies(fields: Fields): void {
  const policies = fields.get('policies');
  if (policies === undefined) return;
  const fault = (name: string, node: YamlNode, found: string, expected: string) =>
    fields.problem(name, node, { code: 'TRIGGER_FIELD', found, expected });
  if (policies.kind !== 'map') {
    fault('policies', policies, described(policies), 'a map');
    return;
  }
  for (const { key, keyAt, value } of policies.entries) {
    if (NAMES.includes(key)) continue;
    const expected = `${NAMES.join(', ')}${fields.report.didYouMean(key, NAMES)}`;
    fault('policies', { ...value, at: keyAt }, `field ${JSON.stringify(key)}`, expected);
  }
  const overlap = field(policies, 'overlap');
  if (overlap !== undefined && !OVERLAPS.includes(textOf(overlap) ?? '')) {
    fault('policies.overlap', overlap, shown(overlap), OVERLAPS.join(', '));
  }
  const window = field(policies, 'catchupWindow');
  if (window !== undefined && !isDuration(window)) fault('policies.catchupWindow', window, shown(window), DURATION);
  const pause = field(policies, 'pauseOnFailure');
  if (pause !== undefined && !(pause.kind === 'scalar' && typeof pause.value === 'boolean')) {
    fault('policies.pauseOnFailure', pause, shown(pause), 'true or false');
  }
}
