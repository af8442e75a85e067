/** `cloister start`: the production host. */
import { readEnvironment } from '../env.ts';
import { startProduction } from '../production.ts';
import { readArguments } from './command.ts';
import { untilStopped } from './signals.ts';

const FORM = {
  usage: 'cloister start   (configured by the environment, see docs/configuration.md)',
  values: [],
  flags: [],
  words: 0,
};

/** Runs the command until SIGINT or SIGTERM. 2 when something is missing: all of it is listed. */
export async function start(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const environment = readEnvironment();
  const host = await startProduction({ environment, progress: say });
  say(`API on ${host.url}`);
  return untilStopped(host, say, environment.shutdownForceMs);
}
