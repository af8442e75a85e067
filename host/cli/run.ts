/** `cloister run`: starts a run, follows it, prints the tree. */

import { startDevelopment } from '../development.ts';
import { readEnvironment } from '../env.ts';
import type { RunView } from '../runs/view.ts';
import { CommandError, readArguments, readInput } from './command.ts';
import { followRemote, type RemoteRun, type RemoteStart, startRemote } from './remote.ts';
import { TreePrinter } from './tree.ts';

const FORM = {
  usage: 'cloister run WORKFLOW [--project DIR] [--branch B] [--input JSON|@FILE] [--tenant ID] [--api URL] [--json]',
  values: ['project', 'branch', 'input', 'tenant', 'api'],
  flags: ['json'],
  words: 1,
};

/** Runs the command. 0: completed, 1: failed, 2: wrong usage or a bad project. */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const [workflow] = args.words;
  if (workflow === undefined) throw new CommandError(`found no workflow, expected: ${FORM.usage}`);
  const environment = readEnvironment();
  const tenant = args.text('tenant');
  const input = await readInput(args.text('input'));
  const start = {
    token: environment.apiToken ?? undefined,
    workflow,
    branch: args.text('branch'),
    input: tenant === undefined ? input : { ...input, tenantOrganizationId: tenant },
  };
  // With --json, stdout holds the one object and nothing else.
  const write = (text: string) => (args.flag('json') ? process.stderr : process.stdout).write(text);
  const view = await perform(args.text('api'), args.text('project'), start, environment, write);
  if (args.flag('json')) process.stdout.write(`${JSON.stringify(view, null, 2)}\n`);
  else write(conclusion(view));
  return view.status === 'completed' ? 0 : 1;
}

async function perform(
  api: string | undefined,
  project: string | undefined,
  start: Omit<RemoteStart, 'api'>,
  environment: ReturnType<typeof readEnvironment>,
  write: (text: string) => void,
): Promise<RunView> {
  if (api !== undefined) return follow({ ...start, api: api.replace(/\/+$/, '') }, write);
  const host = await startDevelopment({
    environment,
    projectDir: project ?? '.',
    port: 0,
    progress: (text) => process.stderr.write(`${text}\n`),
  });
  let running: RemoteRun | undefined;
  const cancel = () => {
    process.stderr.write('cancelling the run…\n');
    if (running) void host.runs.cancel(running);
  };
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  try {
    return await follow({ ...start, api: host.url }, write, (started) => {
      running = started;
    });
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel);
    await host.close();
  }
}

async function follow(
  start: RemoteStart,
  write: (text: string) => void,
  started?: (run: RemoteRun) => void,
): Promise<RunView> {
  const run = await startRemote(start);
  started?.(run);
  write(`run ${run.runId} of ${start.workflow}${run.deduplicated ? ' (was running already)' : ''}\n`);
  const tree = new TreePrinter(write);
  let last: RunView | undefined;
  for await (const view of followRemote(start, run)) {
    tree.show(view);
    last = view;
  }
  if (!last) throw new CommandError('the run could not be read', 1);
  return last;
}

/** Last line of a run for people. */
export function conclusion({ status, error, executionPeriod: { start, end } }: RunView): string {
  const ms = end ? Date.parse(end) - Date.parse(start) : 0;
  if (!error) return `${status} in ${ms} ms\n`;
  const where = 'activity' in error ? `activity "${error.activity}": ` : '';
  const stack = 'stack' in error && error.stack ? `\n${error.stack}` : '';
  return `${status} in ${ms} ms: ${error.code}: ${where}${error.message}${stack}\n`;
}
