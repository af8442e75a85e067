import { RegistryError } from './errors.ts';
import { formatProblem } from './problem.ts';
import { fieldsOf } from './report/file.ts';
import { Report } from './report/report.ts';
import { parseSettings, type TenantSettings } from './store/index.ts';
import { parseYaml } from './yaml/document.ts';
import { toJson } from './yaml/node.ts';

/** Settings of a tenant out of a tenants file, where `env` may hold values. */
export interface FileTenant extends TenantSettings {
  /** Values of those variables of `env` that the file gives; the others are the host's own. */
  readonly envValues: Readonly<Record<string, string>>;
}

/**
 * Reads `.cloister/tenants.yaml`: organization id → `capabilities http db env secrets limits`; `env` is a map of values or a
 * list of names. Throws TENANTS_INVALID with every place; a settings key of the wrong shape is `TENANT_INVALID` of the store.
 */
export function parseTenants(text: string): ReadonlyMap<string, FileTenant> {
  const report = new Report('tenants.yaml');
  const fields = fieldsOf(parseYaml(text), 'tenants', report, 'allowed');
  if (report.problems.length > 0)
    throw new RegistryError('TENANTS_INVALID', report.problems.map(formatProblem).join('\n'));
  return new Map(fields?.map.entries.map(({ key, value }) => [key, readTenant(key, toJson(value))]));
}

function readTenant(id: string, value: unknown): FileTenant {
  const given = isRecord(value) ? value : null;
  const values = given !== null && isRecord(given.env) ? given.env : {};
  for (const [name, text] of Object.entries(values)) {
    if (typeof text === 'string') continue;
    throw new RegistryError(
      'TENANTS_INVALID',
      `tenant ${id}: env.${name}: found ${typeof text}, expected text (quote it)`,
    );
  }
  const env = given !== null && isRecord(given.env) ? Object.keys(values) : given?.env;
  const settings = parseSettings(given === null ? value : { ...given, env }, id);
  return { ...settings, envValues: values as Record<string, string> };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
