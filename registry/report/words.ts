/** How values of a project's files are shown in problems. */
import type { YamlNode } from '../yaml/node.ts';

const LONGEST_SHOWN = 80;
const LONGEST_LIST = 30;

/** A string in quotes, cut when long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

/** A value as its author wrote it: `"30 sec"`, `-1`, `a list`. */
export function shown(node: YamlNode): string {
  if (node.kind !== 'scalar') return described(node);
  return typeof node.value === 'string' ? quoted(node.value) : String(node.value);
}

/** A value with its type: `string "next"`, `number 5`, `a map`. */
export function described(node: YamlNode): string {
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list';
  if (node.kind === 'map') return node.entries.length === 0 ? 'an empty map' : 'a map';
  return node.value === null ? 'null' : `${typeof node.value} ${shown(node)}`;
}

/** Names with commas between, `none` when there are none. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const rest = names.length - LONGEST_LIST;
  return names.slice(0, LONGEST_LIST).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
