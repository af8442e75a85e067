import { field, textOf, type YamlList, type YamlMap, type YamlNode } from '../yaml/node.ts';
import type { Finding, Report } from './report.ts';
import { described, quoted } from './words.ts';

/** A list entry that is a string, with the place where it stands. */
export interface Placed {
  readonly text: string;
  readonly node: YamlNode;
}

/** Reads the fields of one map and reports what has the wrong type. A null value counts as absent. */
export class Fields {
  readonly map: YamlMap;
  /** E.g. `activity "save"`. */
  readonly where: string;
  readonly report: Report;

  constructor(map: YamlMap, where: string, report: Report) {
    this.map = map;
    this.where = where;
    this.report = report;
  }

  /** The value of a field, whatever it is. */
  get(name: string): YamlNode | undefined {
    return field(this.map, name);
  }

  /** Reports a problem of one field. */
  problem(name: string, node: YamlNode, finding: Omit<Finding, 'at' | 'where'>): void {
    this.report.add({ ...finding, at: node.at, where: `${this.where} ${name}` });
  }

  /** `found no "<name>"` at the map itself. */
  missing(name: string, expected: string, code = 'FIELD_MISSING'): void {
    this.report.add({ code, at: this.map.at, where: this.where, found: `no "${name}"`, expected });
  }

  /** A FIELD_TYPE problem. */
  wrongType(name: string, node: YamlNode, expected: string): void {
    this.problem(name, node, { code: 'FIELD_TYPE', found: described(node), expected });
  }

  string(name: string, expected = 'a string'): string | undefined {
    const node = this.get(name);
    if (node === undefined) return undefined;
    const text = textOf(node);
    if (text === undefined) this.wrongType(name, node, expected);
    return text;
  }

  boolean(name: string): boolean | undefined {
    const node = this.get(name);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.wrongType(name, node, 'true or false');
    return undefined;
  }

  list(name: string, expected: string): YamlList | undefined {
    const node = this.get(name);
    if (node === undefined || node.kind === 'list') return node;
    this.wrongType(name, node, expected);
    return undefined;
  }

  /** A list of strings; entries of other types are reported and left out. */
  strings(name: string, expected: string): readonly Placed[] | undefined {
    return this.list(name, expected)?.items.flatMap((node, index) => {
      const text = textOf(node);
      if (text !== undefined) return [{ text, node }];
      this.wrongType(`${name}[${index}]`, node, 'a string');
      return [];
    });
  }

  /** A map as fields of its own, named `<where> <name>`. */
  fields(name: string, expected: string): Fields | undefined {
    const node = this.get(name);
    if (node === undefined) return undefined;
    if (node.kind === 'map') return new Fields(node, `${this.where} ${name}`, this.report);
    this.wrongType(name, node, expected);
    return undefined;
  }

  /** Warns of every field that is not among the known ones. */
  known(names: readonly string[]): void {
    for (const { key, keyAt } of this.map.entries) {
      if (names.includes(key)) continue;
      const expected = `one of ${names.join(', ')}${this.report.didYouMean(key, names)}`;
      this.report.add({ code: 'FIELD_UNKNOWN', at: keyAt, where: this.where, found: `field ${quoted(key)}`, expected });
    }
  }
}
