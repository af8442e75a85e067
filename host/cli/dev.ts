/** `cloister dev`: everything embedded, stays up; each new run takes the working tree as it is. */
import { RegistryError } from '../../registry/index.ts';
import { startDevelopment } from '../development.ts';
import { readEnvironment } from '../env.ts';
import { readArguments, readPort } from './command.ts';
import { plain } from './plain.ts';
import { lookAt } from './project.ts';
import { untilStopped } from './signals.ts';

const FORM = {
  usage: 'cloister dev [--project DIR] [--port N]',
  values: ['project', 'port'],
  flags: [],
  words: 0,
  help: `Starts Temporal, a FHIR server, Supabase and the API on this machine and stays up. Each new run takes the files
as they are in the editor; runs under way keep theirs.

  --project DIR  the config project; default: the current folder
  --port N       port of the API; default: 3011, or a free one when that is in use
`,
};

/** Runs the command until SIGINT or SIGTERM. */
export async function dev(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const port = readPort(args.text('port'));
  const given = args.text('project');
  const projectDir = given ?? '.';
  const page = await lookAt(projectDir).then(
    () => 'workflows' as const,
    (error: unknown) => {
      // Project workers need none; whoever names a folder means one.
      if (given !== undefined || !(error instanceof RegistryError) || error.code !== 'PROJECT_EMPTY') throw error;
      say('no config project in this folder: the host runs workers of projects alone');
      return 'projects' as const;
    },
  );
  const host = await startDevelopment({
    environment: readEnvironment(),
    projectDir,
    page,
    ...(port !== undefined && { port }),
    progress: say,
    scriptLog: (text) => say(plain(text)),
  });
  process.stdout.write(`${host.links}\nstop with Ctrl-C\n`);
  return untilStopped(host, say);
}
