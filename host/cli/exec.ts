/** `cloister exec`: one script in a cell, no Temporal. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compileScript, formatProblem, installDependencies, openProject } from '../../registry/index.ts';
import type { LogLine } from '../../sandbox/index.ts';
import { readBuiltIns } from '../builtins.ts';
import { grantedVariable, npmEnvironment, readEnvironment } from '../env.ts';
import { type DataFolder, FolderInUse, openDataFolder } from '../folder.ts';
import { openLog } from '../log.ts';
import { openRows } from '../rows.ts';
import type { ScriptOutcome } from '../runner.ts';
import { createScriptHost } from '../scripts.ts';
import { startStack } from '../stack.ts';
import { developmentTenants } from '../tenants.ts';
import { CommandError, readArguments, readInput, readTenant } from './command.ts';
import { plain, plainLines } from './plain.ts';
import { lookAt } from './project.ts';

const FORM = {
  usage: 'cloister exec SCRIPT [--project DIR] [--input JSON|@FILE] [--tenant ID] [--json]',
  values: ['project', 'input', 'tenant'],
  flags: ['json'],
  words: 1,
  help: `Runs one script in a cell, with the capabilities its project declares. Its output goes to standard output, what it
logs to standard error. Exit code 0 when it completed, 1 when it failed, 2 when it does not build.

  SCRIPT         as in a workflow: ./activities/… or @aidbox-billing/…
  --project DIR  the config project; default: the current folder
  --input        what main gets: JSON text, or @ and a file of JSON; default: {}
  --tenant ID    the Organization it acts for; default: none
  --json         { ok, output | error: { code, message }, logs, cpuMs, wallMs, calls }
`,
};

/** What `exec --json` prints. */
export interface ExecReport {
  readonly ok: boolean;
  readonly output?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly logs: readonly LogLine[];
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Capability calls. */
  readonly calls: number;
}

/** Runs the command. 0: the script completed, 1: it failed, 2: wrong usage or it does not build. */
export async function exec(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const [script] = args.words;
  if (script === undefined) throw new CommandError(`found no script, expected: ${FORM.usage}`);
  const tenant = readTenant(args.text('tenant'));
  const logs: LogLine[] = [];
  const params = await readInput(args.text('input'));
  const json = args.flag('json');
  const printJson = (report: ExecReport) => void process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  try {
    const outcome = await perform({ script, dir: args.text('project') ?? '.', params, tenant }, (line) => {
      logs.push(line);
      if (!json) process.stderr.write(`${line.level}: ${plain(line.message)}${dataOf(line)}\n`);
    });
    const report = toReport(outcome, logs);
    if (json) printJson(report);
    else print(report, outcome);
    return report.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NotBuilt) || !json) throw error;
    const { code, message } = error;
    printJson({ ok: false, error: { code, message }, logs, cpuMs: 0, wallMs: 0, calls: 0 });
    return error.exitCode;
  }
}

/** The script does not build: nothing ran. */
class NotBuilt extends CommandError {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Execution {
  readonly script: string;
  readonly dir: string;
  readonly params: Record<string, unknown>;
  readonly tenant: string | null;
}

async function perform(
  { script, dir, params, tenant }: Execution,
  log: (line: LogLine) => void,
): Promise<ScriptOutcome> {
  await lookAt(dir);
  const environment = readEnvironment();
  await using owned = new AsyncDisposableStack();
  const folder = await freeFolder(environment.dataDir, owned);
  const stack = await startStack({ environment, folder, progress: () => undefined, withoutTemporal: true });
  owned.defer(() => stack.close());
  const { supabase } = stack;
  const host = createScriptHost({
    fhir: { baseUrl: stack.fhirUrl, mode: 'organization-prefix', auth: null },
    db: { url: supabase.url, apikey: supabase.anonKey, jwtSecret: supabase.jwtSecret },
    auditStore: openRows(supabase),
    cells: { most: 1, memoryMb: null },
    log: openLog({ level: environment.logLevel, file: folder.file('host.log') }),
  });
  owned.defer(() => host.close());
  await installDependencies(resolve(dir), { env: npmEnvironment() });
  const builtIns = await readBuiltIns(environment.builtInDir);
  const build = host.sandbox.build.bind(host.sandbox);
  const project = await openProject({ dir, mode: 'working-tree', builtIns, build });
  const compiled = await compileScript(project, script);
  if (!compiled.ok) {
    const { code, problems } = compiled;
    throw new NotBuilt(code, [`${script} does not build`, ...problems.map(formatProblem)].join('\n'));
  }
  const rules = developmentTenants(join(environment.dataDir, 'tenants.yaml'), grantedVariable);
  const { grants, limits, notes } = await rules.effective(tenant, project, { limits: {} });
  for (const message of notes) log({ level: 'warn', message, time: new Date().toISOString() });
  const id = `exec-${crypto.randomUUID()}`;
  const { deterministic } = project.declaration;
  const startedAt = new Date().toISOString();
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return await host.runner.run({
    tenant,
    run: { id, workflow: 'exec', activity: compiled.script, attempt: 1, startedAt, deterministic },
    digest: compiled.bundle.digest,
    bundle: compiled.bundle,
    params,
    grants,
    limits,
    remainingMs: project.declaration.limits.wallMs ?? 30_000,
    signal: controller.signal,
    log,
  });
}

/** The host's data folder, so that a script sees the data of `cloister dev`; an empty one while that holds it. */
async function freeFolder(dir: string, owned: AsyncDisposableStack): Promise<DataFolder> {
  try {
    return owned.adopt(await openDataFolder(dir), (folder) => folder.close());
  } catch (error) {
    if (!(error instanceof FolderInUse)) throw error;
    process.stderr.write(`${error.message}; the script gets an empty FHIR server and database\n`);
    const empty = await mkdtemp(join(dir, 'exec-'));
    owned.defer(() => rm(empty, { recursive: true, force: true }));
    return owned.adopt(await openDataFolder(empty), (folder) => folder.close());
  }
}

function toReport(outcome: ScriptOutcome, logs: readonly LogLine[]): ExecReport {
  const { cpuMs, wallMs, calls } = outcome.usage;
  const end = outcome.ok
    ? { ok: true, output: outcome.output }
    : { ok: false, error: { code: outcome.code, message: outcome.message } };
  return { ...end, logs, cpuMs, wallMs, calls };
}

function print({ output, error, cpuMs, wallMs, calls }: ExecReport, outcome: ScriptOutcome): void {
  if (error) process.stderr.write(`${error.code}: ${plain(error.message)}\n${plainLines(stackOf(outcome))}`);
  else process.stdout.write(`${JSON.stringify(output, null, 2)}\n`);
  process.stderr.write(`cpu ${cpuMs.toFixed(1)} ms, wall ${wallMs.toFixed(1)} ms, ${calls} calls\n`);
}

function stackOf(outcome: ScriptOutcome): string {
  return outcome.ok || outcome.stack === undefined ? '' : `${outcome.stack}\n`;
}

function dataOf({ data }: LogLine): string {
  return data === undefined ? '' : ` ${JSON.stringify(data)}`;
}
