import type { Report } from '../report/report.ts';

/** Names of the packages that a `package.json` lists for use; reports it when it cannot be read. */
export function listedPackages(text: string | undefined, report: Report): ReadonlySet<string> {
  if (text === undefined) return new Set();
  const manifest = parse(text, report);
  const names = ['dependencies', 'optionalDependencies'].flatMap((name) => {
    const value = manifest[name];
    if (value === undefined) return [];
    if (isRecord(value)) return Object.keys(value);
    add(report, 'FIELD_TYPE', {
      where: `package ${name}`,
      found: typeof value,
      expected: 'a map of names to versions',
    });
    return [];
  });
  return new Set(names);
}

function parse(text: string, report: Report): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
    add(report, 'FIELD_TYPE', { where: 'package', found: typeof value, expected: 'an object' });
  } catch (error) {
    const found = error instanceof Error ? error.message : 'no JSON';
    add(report, 'YAML_SYNTAX', { where: 'document', found, expected: 'JSON' });
  }
  return {};
}

function add(report: Report, code: string, finding: { where: string; found: string; expected: string }): void {
  report.add({ ...finding, code, at: { line: 1, column: 1 } });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
