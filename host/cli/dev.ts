/** `cloister dev`: everything embedded, stays up; each new run takes the working tree as it is. */
import { startDevelopment } from '../development.ts';
import { readEnvironment } from '../env.ts';
import { readArguments, readPort } from './command.ts';
import { untilStopped } from './signals.ts';

const FORM = {
  usage: 'cloister dev [--project DIR] [--port N]',
  values: ['project', 'port'],
  flags: [],
  words: 0,
};

/** Runs the command until SIGINT or SIGTERM. */
export async function dev(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const port = readPort(args.text('port'));
  const host = await startDevelopment({
    environment: readEnvironment(),
    projectDir: args.text('project') ?? '.',
    ...(port !== undefined && { port }),
    progress: say,
    scriptLog: say,
  });
  process.stdout.write(`${host.links}\nstop with Ctrl-C\n`);
  return untilStopped(host, say);
}
