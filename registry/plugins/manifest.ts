/** `plugin.json`: who a plugin is, what its scripts are and what they need, in the words of `cloister.yaml`. */
import { DECLARATION_FIELDS, DEFAULT_DECLARATION, readDeclaration } from '../declaration.ts';
import type { Declaration } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { Fields } from '../report/fields.ts';
import { readFields } from '../report/file.ts';
import { Report } from '../report/report.ts';
import { shown } from '../report/words.ts';
import { textOf } from '../yaml/node.ts';
import { MANIFEST, PLUGIN_CAPS, type PluginFiles } from './content.ts';
import { isPluginName, isScriptName, isVersion } from './name.ts';

/** A manifest as read. */
export interface PluginManifest {
  /** `@scope/name`. */
  readonly name: string;
  /** Semantic version without build part. */
  readonly version: string;
  readonly description: string;
  /** Script name → path of its file. */
  readonly scripts: Readonly<Record<string, string>>;
  readonly declaration: Declaration;
}

/** What a plugin that declares nothing is granted: nothing. A project is its tenant's own; a plugin is somebody else's. */
const NOTHING: Declaration = Object.freeze({ ...DEFAULT_DECLARATION, capabilities: [] });

const FIELDS = ['name', 'version', 'description', 'scripts', ...DECLARATION_FIELDS];
const MOST_SCRIPTS = 50;
const LONGEST_DESCRIPTION = 2_000;

/** Reads the manifest of a plugin. `manifest` is null when there are problems, all of which are errors. */
export async function readPluginManifest(
  files: PluginFiles,
): Promise<{ readonly manifest: PluginManifest | null; readonly problems: readonly Problem[] }> {
  const report = new Report(MANIFEST);
  const manifest = await read(files.get(MANIFEST) ?? '', files, report);
  const problems = report.problems.map((problem) => ({ ...problem, severity: 'error' as const }));
  return { manifest: problems.length === 0 ? manifest : null, problems };
}

async function read(text: string, files: PluginFiles, report: Report): Promise<PluginManifest | null> {
  const fault = faultOf(text);
  if (fault !== null) {
    report.add({ code: 'PLUGIN_MANIFEST', at: { line: 1, column: 1 }, where: 'manifest', ...fault });
    return null;
  }
  // JSON is YAML too, and that reader knows the place of every value and refuses names that are there twice.
  const fields = await readFields(text, 'plugin', report);
  if (fields === undefined) return null;
  fields.known(FIELDS);
  const expected = 'a name such as "@scope/name", in small letters';
  return {
    name: required(fields, 'name', expected, isPluginName),
    version: required(fields, 'version', 'a version such as "1.2.0"', isVersion),
    description: required(fields, 'description', `a text of at most ${LONGEST_DESCRIPTION} characters`, isDescription),
    scripts: readScripts(fields, files),
    declaration: readDeclaration(fields, NOTHING),
  };
}

function faultOf(text: string): { found: string; expected: string } | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > PLUGIN_CAPS.manifestBytes)
    return { found: `${bytes} bytes`, expected: `at most ${PLUGIN_CAPS.manifestBytes}` };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return null;
  } catch {
    return { found: 'a text that is no JSON', expected: 'a JSON object' };
  }
  return { found: 'another value', expected: 'a JSON object' };
}

function required(fields: Fields, name: string, expected: string, isRight: (text: string) => boolean): string {
  const node = fields.get(name);
  if (node === undefined) {
    fields.missing(name, expected);
    return '';
  }
  const text = fields.string(name, expected);
  if (text !== undefined && !isRight(text))
    fields.problem(name, node, { code: 'FIELD_TYPE', found: shown(node), expected });
  return text ?? '';
}

// Controls could forge a line of output, and PostgreSQL's jsonb takes no \u0000.
function isDescription(text: string): boolean {
  return text.trim() !== '' && text.length <= LONGEST_DESCRIPTION && !/[^\P{Cc}\n\t]/u.test(text);
}

function readScripts(fields: Fields, files: PluginFiles): Record<string, string> {
  const expected = `a map of 1 to ${MOST_SCRIPTS} script names to files`;
  const scripts = fields.fields('scripts', expected);
  const entries = scripts?.map.entries ?? [];
  if (fields.get('scripts') === undefined) fields.missing('scripts', expected);
  if (scripts !== undefined && (entries.length === 0 || entries.length > MOST_SCRIPTS))
    fields.wrongType('scripts', scripts.map, expected);
  const read = entries.map(({ key, keyAt, value }) => {
    const path = textOf(value) ?? '';
    const problem = (code: string, found: string, right: string, at = value.at) =>
      fields.report.add({ code, at, where: `plugin scripts ${key}`, found, expected: right });
    if (!isScriptName(key)) problem('FIELD_TYPE', 'another name', 'letters, digits, "_" and "-"', keyAt);
    if (!/\.[cm]?[jt]s$/.test(path)) problem('FIELD_TYPE', shown(value), 'the path of a .ts or .js file');
    else if (!files.has(path)) problem('SCRIPT_MISSING', `no file ${path}`, 'a file of the plugin');
    return [key, path] as const;
  });
  return Object.fromEntries(read);
}
