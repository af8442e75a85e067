/** A parsed YAML value that remembers where it stands. Keys are strings; nothing in it is a JavaScript object of the file's making. */

/** A place in a file, 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A value. */
export type YamlNode = YamlMap | YamlList | YamlScalar;

/** A map, entries in file order, keys unique. */
export interface YamlMap {
  readonly kind: 'map';
  readonly at: Position;
  readonly entries: readonly YamlEntry[];
}

/** One entry of a map. */
export interface YamlEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: YamlNode;
}

/** A list. */
export interface YamlList {
  readonly kind: 'list';
  readonly at: Position;
  readonly items: readonly YamlNode[];
}

/** A string, finite number, boolean or null. */
export interface YamlScalar {
  readonly kind: 'scalar';
  readonly at: Position;
  readonly value: string | number | boolean | null;
}

/** The value of a field; undefined when it is absent or null. */
export function field(map: YamlMap, name: string): YamlNode | undefined {
  const value = map.entries.find((entry) => entry.key === name)?.value;
  return value?.kind === 'scalar' && value.value === null ? undefined : value;
}

/** The string a node is; undefined for anything else. */
export function textOf(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

/** The plain JSON value of a node. Depth is bounded by the parser. */
export function toJson(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toJson);
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, toJson(value)]));
    default:
      return node satisfies never;
  }
}
