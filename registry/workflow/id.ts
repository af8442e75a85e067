import type { Fields } from '../report/fields.ts';
import { quoted } from '../report/words.ts';

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const EXPECTED = 'letters, digits, "-" or "_", starting with a letter or digit';

/** Reads the field `id` of a workflow or activity; undefined when it is absent or no id. `thing` names it in problems. */
export function readId(fields: Fields, thing: 'workflow' | 'activity'): string | undefined {
  const node = fields.get('id');
  if (node === undefined) fields.missing('id', thing === 'workflow' ? 'the file name without .yaml' : 'an id');
  const id = fields.string('id', 'an id');
  if (node === undefined || id === undefined || ID.test(id)) return id;
  const { report } = fields;
  report.add({ code: 'ID_FORMAT', at: node.at, where: `${thing} id`, found: quoted(id), expected: EXPECTED });
  return undefined;
}
