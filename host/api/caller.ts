/** Who calls the API, and what that one may do. */
import type { Request } from '@hapi/hapi';

/** Roles, each of which may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'developer', 'admin'] as const;

/** A role: a viewer reads, an operator runs, a developer changes code and what starts it, an admin grants. */
export type Role = (typeof ROLES)[number];

/** True for a word that is a role. */
export function isRole(word: unknown): word is Role {
  return ROLES.some((role) => role === word);
}

/** What an API key may be limited to, beside its role. Reading never needs the right to write, nor gives it. */
export const SCOPES = [
  'runs:read',
  'runs:write',
  'projects:read',
  'projects:write',
  'workers:read',
  'workers:write',
  'triggers:read',
  'triggers:write',
  'repo:read',
  'repo:write',
  'plugins:read',
  'plugins:write',
  'operations:read',
  'operations:write',
  'access:read',
  'access:write',
] as const;

/** A scope of an API key. */
export type Scope = (typeof SCOPES)[number];

/** True for a word that is a scope. */
export function isScope(word: unknown): word is Scope {
  return SCOPES.some((scope) => scope === word);
}

/** A caller whose token was found good. Made by the access check alone, never from a request's own words. */
export interface Caller {
  /** `near`: of this machine or a private network, where `/workers` is open to them. */
  readonly kind: 'loopback' | 'near' | 'token' | 'key' | 'jwt' | 'app';
  /** As the audit and the log show it; no secret. */
  readonly name: string;
  readonly role: Role;
  /** Null: everything that the role may do. */
  readonly scopes: ReadonlySet<Scope> | null;
  /** Organization whose runs alone the caller sees and starts; null: a caller of the host's own. */
  readonly tenant: string | null;
  /** Id of the key, where the caller has one. */
  readonly id?: string;
  /** ISO 8601: the end of the caller's rights, where they have one. */
  readonly expiresAt?: string | null;
  /** The only paths that the caller may call, by their beginning. */
  readonly within?: string;
}

/** What an endpoint asks of its caller. */
export interface Needs {
  /** The least role. */
  readonly role: Role;
  readonly scope: Scope;
  /**
   * `own`: a caller bound to a tenant may call it and meets nothing of other tenants; the handler sees to that. `none`: it is
   * about the host as a whole, and such a caller is refused.
   */
  readonly tenants: 'own' | 'none';
}

/** Why a caller may not call an endpoint; null when it may. The text is safe to show. */
export function refusalOf({ role, scopes, tenant }: Caller, needs: Needs): string | null {
  if (ROLES.indexOf(role) < ROLES.indexOf(needs.role)) return `the role ${needs.role} is needed`;
  if (scopes !== null && !scopes.has(needs.scope)) return `the scope ${needs.scope} is needed`;
  if (tenant !== null && needs.tenants === 'none') return 'a caller bound to a tenant may not do this';
  return null;
}

/** The caller of a request; null where an open endpoint was called without access. */
export function callerOf({ auth }: Request): Caller | null {
  return auth.isAuthenticated ? (auth.credentials.user as unknown as Caller) : null;
}
