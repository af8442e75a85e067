/** `cloister check`: every static error of a config project at once. */
import { checkProject, formatProblem, installDependencies, openProject } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { readBuiltIns } from '../builtins.ts';
import { npmEnvironment, readEnvironment } from '../env.ts';
import { CommandError, readArguments } from './command.ts';
import { lookAt } from './project.ts';

const FORM = {
  usage: 'cloister check [DIR] [--project DIR] [--json]',
  values: ['project'],
  flags: ['json'],
  words: 1,
  help: `Prints every static error and warning of a config project, a line each: file:line:column severity code where: found,
expected. Exit code 0 without errors, 1 with errors, 2 when there is no project to check.

  --project DIR  the config project; default: the current folder
  --json         a JSON list of { file, line, column, severity, code, where, found, expected }
`,
};

/** Runs the command. 0: no error (warnings are allowed), 1: errors, 2: wrong usage. */
export async function check(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const [word] = args.words;
  const dir = args.text('project') ?? word ?? '.';
  if (word !== undefined && dir !== word)
    throw new CommandError(`found ${word} and --project ${dir}, expected one of them`);
  await lookAt(dir);
  const { builtInDir } = readEnvironment();
  const sandbox = createSandbox({});
  try {
    if (await installDependencies(dir, { env: npmEnvironment() }))
      process.stderr.write('installed the dependencies of the project\n');
    const builtIns = await readBuiltIns(builtInDir);
    const build = sandbox.build.bind(sandbox);
    const project = await openProject({ dir, mode: 'working-tree', builtIns, build });
    const problems = await checkProject(project);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    if (args.flag('json')) process.stdout.write(`${JSON.stringify(problems, null, 2)}\n`);
    else for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
    process.stderr.write(`${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}\n`);
    return errors > 0 ? 1 : 0;
  } finally {
    await sandbox.close();
  }
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
