/** `cloister quarantine`: shows code that a host has stopped, and releases it. */
import type { QuarantineView } from '../api/quarantines.ts';
import { readEnvironment } from '../env.ts';
import { type Arguments, CommandError, meant, readApi, readArguments, readTenant } from './command.ts';
import { plain } from './plain.ts';
import { listQuarantines, type RemoteHost, releaseQuarantine } from './remote.ts';

const FORM = {
  usage: 'cloister quarantine list|release [ID] [--api URL] [--tenant ID] [--released] [--json]',
  values: ['api', 'tenant'],
  flags: ['released', 'json'],
  words: 2,
  help: `Code whose scripts end their cells too often is stopped for that tenant. \`list\` shows what is stopped, newest first;
\`release ID\` lets it run again and begins its count anew. Exit code 0, 1 when the host cannot be reached, 2 when it refuses.

  --api URL      the host; default: this machine's, on WORKER_SERVICE_PORT. CLOISTER_API_TOKEN is sent if it is set
  --tenant ID    only of this Organization
  --released     what was released, instead of what stands
  --json         the bodies of GET /quarantines and POST /quarantines/:id/release
`,
};

const WORDS = ['list', 'release'] as const;

/** Runs the command. 0: done, 1: the host cannot be reached, 2: wrong usage, or no such quarantine. */
export async function quarantine(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const [word = 'list', id] = args.words;
  const { value, text } = word === 'list' ? await list(args, id) : await release(args, word, id);
  process.stdout.write(args.flag('json') ? `${JSON.stringify(value, null, 2)}\n` : text);
  return 0;
}

interface Shown {
  readonly value: unknown;
  readonly text: string;
}

async function list(args: Arguments, extra: string | undefined): Promise<Shown> {
  if (extra !== undefined) throw new CommandError(`found ${JSON.stringify(extra)}, expected: cloister quarantine list`);
  const tenant = readTenant(args.text('tenant'));
  const status = args.flag('released') ? 'released' : 'standing';
  const query = { status, ...(tenant !== null && { tenant }) };
  const quarantines = await listQuarantines(hostOf(args.text('api')), query);
  const nothing = `nothing is ${status === 'standing' ? 'in quarantine' : 'released'}\n`;
  return { value: { quarantines }, text: quarantines.map(paragraph).join('\n') || nothing };
}

async function release(args: Arguments, word: string, id: string | undefined): Promise<Shown> {
  if (word !== 'release') {
    const expected = `expected one of: ${WORDS.join(', ')}${meant(word, WORDS)}`;
    throw new CommandError(`found ${JSON.stringify(word)}, ${expected}`);
  }
  if (id === undefined) throw new CommandError('found no id, expected: cloister quarantine release ID');
  const released = await releaseQuarantine(hostOf(args.text('api')), id);
  return { value: released, text: paragraph(released) };
}

function hostOf(api: string | undefined): RemoteHost {
  const { apiToken, workerServicePort } = readEnvironment();
  const here = `http://127.0.0.1:${workerServicePort}`;
  return { api: api === undefined ? here : readApi(api), token: apiToken ?? undefined };
}

function paragraph(view: QuarantineView): string {
  const { id, tenantOrganizationId: tenant, commit, digest, since, kills, last, releasedAt, releasedBy } = view;
  const what = commit === null ? `plan ${digest}` : `commit ${commit}`;
  const lines = [
    `${id}  ${what}`,
    `  ${tenant === null ? 'runs without a tenant' : `tenant ${tenant}`}, since ${since}`,
    `  ended their cell: ${kills}; last: activity ${last.activity} of ${last.workflow}, ${last.code}, run ${last.runId}`,
    ...(releasedAt === null ? [] : [`  released ${releasedAt} by ${releasedBy}`]),
  ];
  return lines.map((line) => `${plain(line)}\n`).join('');
}
