/** `cloister check`: every static error of a config project at once. */
import { checkProject, formatProblem, openProject, RegistryError } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { readBuiltIns } from '../builtins.ts';
import { readEnvironment } from '../env.ts';
import { CommandError, readArguments } from './command.ts';

const FORM = {
  usage: 'cloister check [DIR] [--project DIR] [--json]',
  values: ['project'],
  flags: ['json'],
  words: 1,
};

/** Runs the command. 0: no error (warnings are allowed), 1: errors, 2: wrong usage. */
export async function check(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const dir = args.text('project') ?? args.words[0] ?? '.';
  const { builtInDir } = readEnvironment();
  const sandbox = createSandbox({});
  try {
    const builtIns = await readBuiltIns(builtInDir);
    const build = sandbox.build.bind(sandbox);
    const project = await openProject({ dir, mode: 'working-tree', builtIns, build });
    const problems = await checkProject(project);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    if (args.flag('json')) process.stdout.write(`${JSON.stringify(problems, null, 2)}\n`);
    else for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
    process.stderr.write(`${errors} errors, ${problems.length - errors} warnings\n`);
    return errors > 0 ? 1 : 0;
  } catch (error) {
    if (error instanceof RegistryError) throw new CommandError(`${error.code}: ${error.message}`);
    throw error;
  } finally {
    await sandbox.close();
  }
}
