/** `cloister run`: starts a run, follows it, prints the tree. */
import { realpath } from 'node:fs/promises';
import { type DevelopmentHost, startDevelopment } from '../development.ts';
import { type Environment, readEnvironment } from '../env.ts';
import { FolderInUse } from '../folder.ts';
import type { RunView } from '../runs/view.ts';
import { CommandError, meant, readApi, readArguments, readInput, readTenant } from './command.ts';
import { plain, plainLines } from './plain.ts';
import { lookAt } from './project.ts';
import { followRemote, type RemoteRun, type RemoteStart, startRemote } from './remote.ts';
import { paperOf, TreePrinter } from './tree.ts';

const FORM = {
  usage: 'cloister run WORKFLOW [--project DIR] [--branch B] [--input JSON|@FILE] [--tenant ID] [--api URL] [--json]',
  values: ['project', 'branch', 'input', 'tenant', 'api'],
  flags: ['json'],
  words: 1,
  help: `Starts a run, follows it and prints the tree of its activities. Without --api it uses the \`cloister dev\` of the same
project if one is up, and else starts everything embedded and ends it again. Exit code 0 when the run completed, 1 when it
failed, 2 when it could not be started.

  --project DIR  the config project; default: the current folder
  --branch B     another branch of a git project: its newest commit
  --input        JSON text, or @ and a file of JSON; default: {}
  --tenant ID    the Organization it acts for, as tenantOrganizationId in the input
  --api URL      the host that runs it; CLOISTER_API_TOKEN is sent if it is set
  --json         standard output holds the run as GET /workflows/:id/runs/:runId shows it, and nothing else
`,
};

/** Runs the command. 0: completed, 1: failed, 2: wrong usage or a bad project. */
export async function run(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const [workflow] = args.words;
  if (workflow === undefined) throw new CommandError(`found no workflow, expected: ${FORM.usage}`);
  const environment = readEnvironment();
  const tenant = readTenant(args.text('tenant'));
  const input = await readInput(args.text('input'));
  const start = {
    token: environment.apiToken ?? undefined,
    workflow,
    branch: args.text('branch'),
    input: tenant === null ? input : { ...input, tenantOrganizationId: tenant },
  };
  const json = args.flag('json');
  // With --json, stdout holds the one object and nothing else.
  const out = json ? process.stderr : process.stdout;
  const api = apiOf(args.text('api'), args.text('project'));
  const view =
    api === null
      ? await runHere(start, { environment, dir: args.text('project') ?? '.', out })
      : await runThere({ ...start, api }, out);
  if (json) process.stdout.write(`${JSON.stringify(view, null, 2)}\n`);
  else out.write(conclusion(view));
  return view.status === 'completed' ? 0 : 1;
}

type Start = Omit<RemoteStart, 'api'>;

interface Here {
  readonly environment: Environment;
  readonly dir: string;
  readonly out: NodeJS.WriteStream;
}

function apiOf(api: string | undefined, project: string | undefined): string | null {
  if (api === undefined) return null;
  if (project !== undefined)
    throw new CommandError('found --project and --api, expected one: the host has its project');
  return readApi(api);
}

async function runHere(start: Start, here: Here): Promise<RunView> {
  const { workflows } = await lookAt(here.dir, start.branch);
  if (!workflows.has(start.workflow)) {
    const ids = [...workflows.keys()];
    const expected = `expected one of: ${ids.join(', ')}${meant(start.workflow, ids)}`;
    throw new CommandError(`workflow: found no ${JSON.stringify(start.workflow)} in the project, ${expected}`);
  }
  const found = await hostFor(here);
  if (typeof found === 'string') return runThere({ ...start, api: found }, here.out);
  return runEmbedded(start, found, here.out);
}

/** A host of its own; the API of the one that serves the same project and stays up, when it holds the data folder. */
async function hostFor({ environment, dir }: Here): Promise<DevelopmentHost | string> {
  try {
    return await startDevelopment({
      environment,
      projectDir: dir,
      port: 0,
      lasting: false,
      progress: (text) => process.stderr.write(`${text}\n`),
    });
  } catch (error) {
    if (!(error instanceof FolderInUse) || !error.note?.lasting) throw error;
    if (error.note.project !== (await realpath(dir))) throw error;
    const { url } = error.note;
    process.stderr.write(`using the host at ${url}, which serves this project\n`);
    return url;
  }
}

async function runEmbedded(start: Start, host: DevelopmentHost, out: NodeJS.WriteStream): Promise<RunView> {
  let running: RemoteRun | undefined;
  let cancelled = false;
  const cancel = (): void => {
    if (!cancelled) process.stderr.write('cancelling the run…\n');
    cancelled = true;
    if (running) host.runs.cancel(running).catch(() => undefined);
  };
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  try {
    return await follow({ ...start, api: host.url }, out, (started) => {
      running = started;
      if (cancelled) cancel();
    });
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel);
    await host.close();
  }
}

function runThere(start: RemoteStart, out: NodeJS.WriteStream): Promise<RunView> {
  return follow(start, out, ({ runId }) => {
    process.once('SIGINT', () => {
      const path = `/workflows/${start.workflow}/runs/${runId}`;
      process.stderr.write(`the run goes on: ${start.api}${path}\n`);
      process.exit(1);
    });
  });
}

async function follow(
  start: RemoteStart,
  out: NodeJS.WriteStream,
  started: (run: RemoteRun) => void,
): Promise<RunView> {
  const run = await startRemote(start);
  started(run);
  for (const warning of run.warnings ?? []) process.stderr.write(`warning: ${warning}\n`);
  out.write(`run ${run.runId} of ${start.workflow}${run.deduplicated ? ' (was running already)' : ''}\n`);
  const tree = new TreePrinter(paperOf(out));
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
  const stack = 'stack' in error && error.stack ? `\n${plainLines(error.stack)}` : '';
  return `${status} in ${ms} ms: ${error.code}: ${where}${plain(error.message)}${stack}\n`;
}
