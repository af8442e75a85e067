/** Which FHIR server a production host works with, by its settings. */
import type { FhirOptions } from './broker/fhir.ts';
import type { Environment } from './env.ts';
import { NO_FHIR } from './modules.ts';

type FhirSettings = Pick<
  Environment,
  'aidboxUrl' | 'aidboxClientId' | 'aidboxClientSecret' | 'fhirBaseUrl' | 'fhirToken' | 'fhirTenantMode'
>;

/** Aidbox where it is set, else the other server, else the embedded one at `embeddedUrl`, else none. */
export function fhirOptions(settings: FhirSettings, embeddedUrl: string | null): FhirOptions {
  const { aidboxUrl, aidboxClientId, aidboxClientSecret, fhirBaseUrl, fhirToken, fhirTenantMode: mode } = settings;
  if (aidboxUrl !== null) {
    const basic = { id: aidboxClientId ?? '', secret: aidboxClientSecret ?? '' };
    return { baseUrl: aidboxUrl, mode, auth: { basic } };
  }
  if (fhirBaseUrl !== null) {
    const auth = fhirToken === null ? null : { bearer: fhirToken };
    return { baseUrl: fhirBaseUrl.replace(/\/fhir$/, ''), fhirBaseUrl, mode, auth };
  }
  return embeddedUrl === null ? NO_FHIR : { baseUrl: embeddedUrl, mode: 'organization-prefix', auth: null };
}

/** What is missing before a host can use a server that is not embedded, a sentence each. */
export function missingFhir({ aidboxUrl, aidboxClientId, aidboxClientSecret, fhirBaseUrl }: FhirSettings): string[] {
  if (aidboxUrl === null) {
    return fhirBaseUrl === null ? ['AIDBOX_URL and FHIR_BASE_URL are not set; expected one of them'] : [];
  }
  return [
    ...(aidboxClientId === null ? ['AIDBOX_CLIENT_ID is not set; expected the client of AIDBOX_URL'] : []),
    ...(aidboxClientSecret === null ? ["AIDBOX_CLIENT_SECRET is not set; expected the client's secret"] : []),
  ];
}
