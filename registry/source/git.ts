import { spawn } from 'node:child_process';
import { RegistryError } from '../errors.ts';

/** Output kept of one command, bytes. */
const MAX_OUTPUT = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** Variables by which a git that started us would lead ours to another repository. */
const UNSET = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY', 'GIT_COMMON_DIR', 'GIT_NAMESPACE'];

const SET = [
  'GIT_TERMINAL_PROMPT=0',
  'GIT_OPTIONAL_LOCKS=0',
  'GIT_NO_LAZY_FETCH=1',
  'GIT_NO_REPLACE_OBJECTS=1',
  'LC_ALL=C',
];

/** No hook, no file watcher and no protocol: nothing the repository's own settings name is started. */
const SAFE = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'protocol.allow=never',
  '--no-pager',
];

/** How a command ended. */
export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** What a command is given besides its words. */
export interface GitOptions {
  readonly input?: string;
  /** Settings that win over the repository's own. */
  readonly settings?: readonly (readonly [name: string, value: string])[];
}

/** Runs git in a folder: no shell, no prompt, no hook, no network. Throws GIT_FAILED when it cannot be started or ended. */
export function git(dir: string, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const { input = '', settings = [] } = options;
  // As variables, since a name on the command line ends at its first "=".
  const set = settings.flatMap(([name, value], n) => [`GIT_CONFIG_KEY_${n}=${name}`, `GIT_CONFIG_VALUE_${n}=${value}`]);
  const words = [...SET, `GIT_CONFIG_COUNT=${settings.length}`, ...set, 'git', ...SAFE, '-C', dir, ...args];
  // `env` takes variables away without this file having to read the environment.
  const child = spawn('env', [...UNSET.flatMap((name) => ['-u', name]), ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT) child.kill('SIGKILL');
      else stdout.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (stderr.length < 4_096) stderr += chunk;
    });
    // git may end before it has read all of its input; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) =>
      reject(new RegistryError('GIT_FAILED', `git: found ${error.message}, expected it to start`)),
    );
    child.on('close', (code, signal) => {
      if (code !== null) resolve({ code, stdout: Buffer.concat(stdout), stderr: stderr.trim() });
      else reject(new RegistryError('GIT_FAILED', `git ${args[0]}: found an end by ${signal}, expected an answer`));
    });
    child.stdin.end(input);
  });
}

/** The output of a command that must succeed; throws GIT_FAILED with git's words. */
export async function gitOutput(dir: string, args: readonly string[], options?: GitOptions): Promise<Buffer> {
  const { code, stdout, stderr } = await git(dir, args, options);
  if (code === 0) return stdout;
  throw new RegistryError(
    'GIT_FAILED',
    `git ${args[0]}: found ${stderr || `exit code ${code}`}, expected it to succeed`,
  );
}
