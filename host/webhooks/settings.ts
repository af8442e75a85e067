import { type Environment, webhookSecret } from '../env.ts';
import type { WebhookSettings } from './index.ts';

/**
 * The settings out of the environment. `isDevelopment`: mappings read FHIR as all of a project's scripts do there. So they do
 * where the FHIR server has no tenants to keep apart.
 */
export function webhookSettings(environment: Environment, isDevelopment: boolean): WebhookSettings {
  const { webhookToken: token, mappingFhir, fhirTenantMode } = environment;
  return {
    secrets: { token, find: webhookSecret },
    mappingReadsFhir: isDevelopment || mappingFhir === 'read' || fhirTenantMode === 'none',
  };
}
