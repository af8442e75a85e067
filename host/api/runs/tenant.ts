/** Under which tenant a run is started: the caller's, the one that is named, or none. */
import { ApiError } from '../../error.ts';
import { isTenant } from '../../tenants.ts';
import type { Caller } from '../caller.ts';
import { shown } from '../query.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * The input as the run gets it, with the tenant of a caller that is bound to one. Throws `TENANT_INVALID`; `FORBIDDEN` for the
 * tenant of others, whether or not there is such a tenant, and for a run without one that the caller may not start.
 */
export function stampedInput(input: Input, caller: Caller | null, unscopedRuns: 'allow' | 'deny'): Input {
  const { tenantOrganizationId: named } = input;
  const own = caller?.tenant ?? null;
  if (named !== undefined && !(typeof named === 'string' && isTenant(named))) throw invalid(named);
  if (own !== null) {
    if (named !== undefined && named !== own) throw foreign();
    return { ...input, tenantOrganizationId: own };
  }
  if (named !== undefined) return input;
  if (unscopedRuns === 'deny') throw invalid(named);
  if (caller?.role !== 'admin') throw new ApiError('FORBIDDEN', 'a run without a tenant needs the role admin');
  return input;
}

/** Refusal of a run under a tenant that is not the caller's, or not the run's. */
export function foreign(): ApiError {
  return new ApiError('FORBIDDEN', 'a run under another tenant cannot be started', {
    where: 'body tenantOrganizationId',
    expected: 'nothing, or the tenant of the caller or the run',
  });
}

function invalid(found: unknown): ApiError {
  return new ApiError('TENANT_INVALID', 'the tenant is not valid', {
    where: 'body tenantOrganizationId',
    found: shown(found),
    expected: '1 to 64 letters, digits, "-" or "."',
  });
}
