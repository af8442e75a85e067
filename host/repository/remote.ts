/** The remote of the config project: its address, and how git gets the token for it. */
import { ApiError } from '../error.ts';
import type { Setting } from './git.ts';

/** Where the project comes from. */
export interface Remote {
  /** Without a password. */
  readonly url: string;
  readonly token: string | null;
}

/** What a command is given that speaks to the remote. */
export interface Access {
  readonly settings: readonly Setting[];
  readonly env: Readonly<Record<string, string>>;
}

const USER = 'x-access-token';
const TOKEN_VARIABLE = 'CLOISTER_GIT_TOKEN';

/** A shell of git's own runs it, and `printf` is built into that: the token is in no list of processes and in no file. */
const HELPER = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' ${USER} "$${TOKEN_VARIABLE}"; }; f`;

/** One protocol and one credential, for this remote alone: where a redirect leads elsewhere, the token does not follow. */
export function accessTo({ url, token }: Remote): Access {
  const protocol = protocolOf(url);
  const settings: Setting[] = [
    [`protocol.${protocol}.allow`, 'always'],
    // Empties the list: a helper of the user's would be told the token, to keep it.
    ['credential.helper', ''],
    ['credential.interactive', 'false'],
  ];
  if (token === null || !/^https?$/.test(protocol)) return { settings, env: {} };
  return {
    settings: [...settings, [`credential.${new URL(url).origin}.helper`, HELPER]],
    env: { [TOKEN_VARIABLE]: token },
  };
}

/** Throws `GIT_FAILED` for an address that a repository's settings name and that the host would not take as `GIT_REPO_URL`. */
function protocolOf(url: string): string {
  const [, scheme] = /^(https?|ssh|file):\/\//.exec(url) ?? [];
  if (scheme !== undefined) return scheme;
  if (/^[\w.-]+@[\w.-]+:[^\s:]+$/.test(url)) return 'ssh';
  if (url.startsWith('/')) return 'file';
  throw new ApiError('GIT_FAILED', 'the remote of the repository has an address of another kind', {
    expected: 'https://, http://, ssh://, file:// or user@host:path',
  });
}

/** An address without user and password, as it may be shown. */
export function shownUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1');
}
