/** Access to the API as a host is configured: which ways there are to be known, and whether there is any. */
import type { Access } from '../api/access.ts';
import type { Environment } from '../env.ts';
import { createJwt, type Jwt } from './jwt.ts';
import type { LimitRule } from './limits.ts';

type Settings = Pick<
  Environment,
  | 'apiToken'
  | 'workerServiceToken'
  | 'openWorkers'
  | 'jwtSecret'
  | 'jwtPublicKey'
  | 'jwksUrl'
  | 'jwtIssuer'
  | 'jwtAudience'
>;

/** Access by tokens of the environment and JWTs; keys come with the host's database. */
export function accessOf(settings: Settings, kind: Access['kind']): Access {
  return {
    kind,
    token: settings.apiToken,
    workersToken: settings.workerServiceToken,
    openWorkers: settings.openWorkers,
    jwt: jwtOf(settings),
  };
}

/** The limits of the environment. */
export function limitsOf(
  environment: Pick<Environment, 'limitReads' | 'limitWrites' | 'limitStarts' | 'limitFailures'>,
): LimitRule {
  const { limitReads: reads, limitWrites: writes, limitStarts: starts, limitFailures: failures } = environment;
  return { reads, writes, starts, failures };
}

/**
 * What of the settings cannot be used, a sentence each. `hasKeys`: whether the host's database has a key that opens; null: it
 * is not known yet. `hasProjects`: whether there is something at `/workers` for those who may call nothing else.
 */
export function accessProblems(settings: Settings, hasKeys: boolean | null, hasProjects = false): string[] {
  const { apiToken, jwtAudience, jwksUrl, workerServiceToken, openWorkers } = settings;
  const isForBuilders = hasProjects && (workerServiceToken !== null || openWorkers);
  const hasJwt = hasJwtKey(settings);
  return [
    ...(hasJwt && jwtAudience === null
      ? ['CLOISTER_JWT_AUDIENCE is not set; expected the audience that tokens must name: `authenticated` with Supabase']
      : []),
    ...(!hasJwt && jwtAudience !== null
      ? [
          'CLOISTER_JWT_AUDIENCE is set without a key; expected one of CLOISTER_JWT_SECRET, CLOISTER_JWT_PUBLIC_KEY, CLOISTER_JWKS_URL',
        ]
      : []),
    ...(jwksUrl !== null && !isSafe(jwksUrl)
      ? [`CLOISTER_JWKS_URL is ${jwksUrl}; expected https, for who can change the answer lets himself in`]
      : []),
    ...(apiToken === null && !hasJwt && hasKeys === false && !isForBuilders ? [NOBODY] : []),
  ];
}

const NOBODY =
  'CLOISTER_API_TOKEN is not set, nor are keys of JWTs, and there is no API key; expected one of them: nobody could call the API (cloister admin create-key makes a key)';

/** Whether somebody can call the API without an API key. */
export function isOpenToSome(settings: Settings): boolean {
  return settings.apiToken !== null || hasJwtKey(settings);
}

function hasJwtKey({ jwtSecret, jwtPublicKey, jwksUrl }: Settings): boolean {
  return jwtSecret !== null || jwtPublicKey !== null || jwksUrl !== null;
}

function jwtOf(settings: Settings): Jwt | null {
  const { jwtSecret: secret, jwtPublicKey: publicKey, jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = settings;
  return audience === null || !hasJwtKey(settings) ? null : createJwt({ secret, publicKey, jwksUrl, issuer, audience });
}

function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
