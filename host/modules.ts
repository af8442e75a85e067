/** Parts that a production host has, by its settings (specification D6): the config project's runs, and project workers. */
import { lstat } from 'node:fs/promises';
import type { FhirOptions } from './broker/fhir.ts';
import type { Environment } from './env.ts';

/** A host that has no FHIR server: whoever asks hears that it does not answer. */
export const NO_FHIR: FhirOptions = { baseUrl: 'http://fhir.invalid', mode: 'none', auth: null };

/** The folder that the config project has where nobody says anything. */
const USUAL_DIR = '/data/repo';

/** Whether the host is to have project workers: they need tables. */
export function hasProjects({ supabaseUrl, embedded }: Pick<Environment, 'supabaseUrl' | 'embedded'>): boolean {
  return supabaseUrl !== null || embedded;
}

/**
 * Whether the host is to run a config project: any setting that only such a host needs says so, and so does the folder. A host
 * without tables has nothing else to do.
 */
export async function hasBilling(environment: Environment): Promise<boolean> {
  const { gitRepoUrl, configBranch, workflowDir, aidboxUrl, fhirBaseUrl } = environment;
  if (!hasProjects(environment) || workflowDir !== USUAL_DIR) return true;
  if ([gitRepoUrl, configBranch, aidboxUrl, fhirBaseUrl].some((setting) => setting !== null)) return true;
  return lstat(workflowDir).then(
    () => true,
    () => false,
  );
}
