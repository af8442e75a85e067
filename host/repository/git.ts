/**
 * Runs the system's git, through simple-git: no shell, no prompt, no hook, nothing that a repository's own settings name. The
 * registry reads objects with a runner of its own (`registry/source/git.ts`), which has no network at all.
 */
import { simpleGit } from 'simple-git';
import { gitEnvironment } from '../env.ts';
import { ApiError } from '../error.ts';

/** A setting of git's; it wins over those of the repository and of the user. */
export type Setting = readonly [name: string, value: string];

/** How a command is run. */
export interface GitCommand {
  readonly dir: string;
  readonly args: readonly string[];
  readonly settings?: readonly Setting[];
  /** Variables beside those of every command; a secret belongs here, where no list of processes shows it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Output kept, bytes; a command with more is ended. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Default a minute. */
  readonly timeoutMs?: number;
}

/** How a command ended. */
export interface GitAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The output was longer than `maxBytes`: `stdout` is its beginning. */
  readonly cut: boolean;
}

const MAX_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

const VARIABLES: Readonly<Record<string, string>> = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  // For the log of references; a container's user may have no name.
  GIT_COMMITTER_NAME: 'Cloister',
  GIT_COMMITTER_EMAIL: 'cloister@localhost',
  LC_ALL: 'C',
};

/** Nothing of the repository is started, no protocol is spoken: a command that needs one sets it. */
const SAFE: readonly Setting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['core.gitProxy', ''],
  ['core.sshCommand', 'ssh -oBatchMode=yes'],
  ['core.symlinks', 'true'],
  ['protocol.allow', 'never'],
  ['submodule.recurse', 'false'],
  ['gc.autoDetach', 'false'],
  ['maintenance.autoDetach', 'false'],
  ['log.showSignature', 'false'],
];

/** simple-git judges callers' arguments by these. The settings are the host's own, and none of them comes from a caller. */
const OURS = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeHooksPath: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
} as const;

/** Runs a command to its end, whatever its exit code. Throws `GIT_FAILED` when it does not start or does not end. */
export async function runGit({ dir, args, settings = [], env = {}, ...limits }: GitCommand): Promise<GitAnswer> {
  const { maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS } = limits;
  const full = AbortSignal.timeout(timeoutMs);
  const enough = new AbortController();
  const variables = { ...gitEnvironment(), ...VARIABLES, ...env, ...configuration([...SAFE, ...settings]) };
  let ended: { readonly code: number | null; readonly stdout: Buffer; readonly stderr: string } | undefined;
  const git = simpleGit({
    baseDir: dir,
    abort: AbortSignal.any([full, enough.signal]),
    completion: { onClose: true, onExit: false },
    allowEnvironment: Object.keys(variables),
    unsafe: OURS,
    errors: (_, { exitCode, stdOut, stdErr }) => {
      ended = { code: exitCode, stdout: Buffer.concat(stdOut), stderr: Buffer.concat(stdErr).toString('utf8') };
      return undefined;
    },
  }).env(variables);
  let bytes = 0;
  git.outputHandler((_, stdout) => {
    stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) enough.abort();
    });
  });
  await git.raw([...args]);
  const cut = enough.signal.aborted;
  const code = ended?.code ?? -1;
  if (!ended || (!cut && (full.aborted || code < 0))) throw unended(args, full.aborted ? timeoutMs : null);
  const { stdout, stderr } = ended;
  return { code, stdout: stdout.subarray(0, maxBytes).toString('utf8'), stderr: stderr.trim(), cut };
}

/** As variables: on the command line a name ends at its first `=`, and everyone on the machine may read the words there. */
function configuration(settings: readonly Setting[]): Record<string, string> {
  const pairs = settings.flatMap(([name, value], n) => [
    [`GIT_CONFIG_KEY_${n}`, name],
    [`GIT_CONFIG_VALUE_${n}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(pairs) };
}

function unended([command = '']: readonly string[], afterMs: number | null): ApiError {
  const found = afterMs === null ? 'no end of its own' : `no end within ${afterMs / 1000} s`;
  return new ApiError('GIT_FAILED', `git ${command} did not end`, { found, expected: 'an end' });
}
