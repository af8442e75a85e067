/** The command line: picks the command, explains a wrong one. */
import { meant } from './cli/command.ts';

const COMMANDS = ['dev', 'start', 'run', 'check', 'exec', 'demo', 'quarantine', 'plugin', 'admin'] as const;
type CommandName = (typeof COMMANDS)[number];

const USAGE = `cloister <command> [options]

  dev    [--project DIR] [--port N]            everything embedded, stays up; each new run takes the working tree
  start                                        production host, configured by the environment
  run    WORKFLOW [--project DIR] [--branch B] [--input JSON|@FILE] [--tenant ID] [--api URL] [--json]
  check  [DIR] [--project DIR] [--json]        every static error of a config project
  exec   SCRIPT [--project DIR] [--input JSON|@FILE] [--tenant ID] [--json]
  admin create-key [--role ROLE] [--tenant ID] an API key, straight in the database; shown once
  quarantine list | release ID [--api URL]     code that is stopped because its scripts ended their cells
  plugin pack [DIR] | push FILE|DIR | list     packs and publishes plugins
  demo   [--keep]                              the shipped billing example on synthetic patients

cloister <command> --help tells more.
`;

/** Runs one command; resolves to the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(USAGE);
    return name === undefined ? 2 : 0;
  }
  if (!isCommand(name)) {
    const expected = `expected one of: ${COMMANDS.join(', ')}${meant(name, COMMANDS)}`;
    process.stderr.write(`unknown command ${JSON.stringify(name)}, ${expected}\n`);
    return 2;
  }
  try {
    return await (await load(name))(rest);
  } catch (error) {
    return await explain(error);
  }
}

function isCommand(name: string): name is CommandName {
  return (COMMANDS as readonly string[]).includes(name);
}

/** Commands are loaded one at a time: `check` must not wait for Temporal's SDK. */
async function load(name: CommandName): Promise<(argv: string[]) => Promise<number>> {
  switch (name) {
    case 'dev':
      return (await import('./cli/dev.ts')).dev;
    case 'start':
      return (await import('./cli/start.ts')).start;
    case 'run':
      return (await import('./cli/run.ts')).run;
    case 'check':
      return (await import('./cli/check.ts')).check;
    case 'exec':
      return (await import('./cli/exec.ts')).exec;
    case 'demo':
      return (await import('./cli/demo.ts')).demo;
    case 'plugin':
      return (await import('./cli/plugin.ts')).plugin;
    case 'admin':
      return (await import('./cli/admin.ts')).admin;
    case 'quarantine':
      return (await import('./cli/quarantine.ts')).quarantine;
    default:
      return name satisfies never;
  }
}

/** Loaded when it is needed: it knows the errors of every part. */
async function explain(error: unknown): Promise<number> {
  const { endingOf } = await import('./cli/failure.ts');
  const { text, exitCode } = endingOf(error);
  process.stderr.write(`${text}\n`);
  return exitCode;
}
