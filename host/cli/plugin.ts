/** `cloister plugin`: packs a folder, publishes it on a host, shows what a host has. */
import { readFile, stat, writeFile } from 'node:fs/promises';

import { ContentError, formatProblem } from '../../registry/index.ts';
import { readEnvironment } from '../env.ts';
import { type Packed, packPlugin } from '../plugins/pack.ts';
import { type Arguments, CommandError, meant, readApi, readArguments, readTenant } from './command.ts';
import { plain } from './plain.ts';
import { listPlugins, publishPlugin, type RemoteHost, type RemotePlugin } from './remote.ts';

const FORM = {
  usage:
    'cloister plugin pack [DIR] [--out FILE] | push FILE|DIR [--api URL] [--tenant ID] | list [--api URL] [--tenant ID]',
  values: ['out', 'api', 'tenant'],
  flags: ['json'],
  words: 2,
  help: `A plugin is a folder with a plugin.json and the scripts that it names: docs/plugins.md. \`pack\` writes it as one file, the same
bytes for the same files; \`push\` publishes a packed file, or a folder, as a version that never changes; \`list\` shows what the
caller may use. Exit code 0, 1 when the host cannot be reached, 2 when the plugin has errors or the host refuses.

  DIR            the folder with plugin.json; default of pack: the current folder
  --out FILE     default: <scope>-<name>-<version>.tgz
  --api URL      the host; default: this machine's, on WORKER_SERVICE_PORT. CLOISTER_API_TOKEN is sent if it is set
  --tenant ID    publish for, or show as, this Organization; a key that is bound to one needs no such option
  --json         what the API answers; for pack { file, name, version, digest, files, leftOut }
`,
};

const WORDS = ['pack', 'push', 'list'] as const;
type Word = (typeof WORDS)[number];

interface Shown {
  readonly value: unknown;
  readonly text: string;
}

/** Runs the command. 0: done, 1: the host cannot be reached, 2: wrong usage, a plugin with errors, or a refusal. */
export async function plugin(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const [word = ''] = args.words;
  if (!isWord(word)) {
    const expected = `expected one of: ${WORDS.join(', ')}${meant(word, WORDS)}`;
    throw new CommandError(`found ${word === '' ? 'no word' : JSON.stringify(word)}, ${expected}`);
  }
  const { value, text } = await COMMANDS[word](args);
  process.stdout.write(args.flag('json') ? `${JSON.stringify(value, null, 2)}\n` : text);
  return 0;
}

const COMMANDS: Readonly<Record<Word, (args: Arguments) => Promise<Shown>>> = { pack, push, list };

function isWord(word: string): word is Word {
  return (WORDS as readonly string[]).includes(word);
}

async function pack(args: Arguments): Promise<Shown> {
  const { manifest, digest, bytes, files, leftOut } = await packed(args.words[1] ?? '.');
  const { name, version } = manifest;
  const file = args.text('out') ?? `${name.slice(1).replace('/', '-')}-${version}.tgz`;
  await writeFile(file, bytes);
  const value = { file, name, version, digest, files, leftOut };
  return { value, text: `${file}\n${name}@${version}, ${files.length} files, digest ${digest}\n` };
}

async function push(args: Arguments): Promise<Shown> {
  const path = args.words[1];
  if (path === undefined) throw new CommandError('found no file, expected: cloister plugin push FILE|DIR');
  const found = await stat(path).catch(() => {
    throw new CommandError(`${path}: found no such file, expected a packed plugin or its folder`);
  });
  const bytes = found.isDirectory() ? (await packed(path)).bytes : new Uint8Array(await readFile(path));
  const answer = await publishPlugin(hostOf(args), bytes, readTenant(args.text('tenant')));
  const warnings = (answer.warnings ?? []).map((problem) => `${formatProblem(problem)}\n`);
  return {
    value: answer,
    text: [...warnings, `${plain(`${answer.name}@${answer.version}`)}, digest ${plain(answer.digest)}\n`].join(''),
  };
}

async function list(args: Arguments): Promise<Shown> {
  if (args.words[1] !== undefined)
    throw new CommandError(`found ${JSON.stringify(args.words[1])}, expected: cloister plugin list`);
  const plugins = await listPlugins(hostOf(args), readTenant(args.text('tenant')));
  return { value: { plugins }, text: plugins.map(line).join('') || 'no plugins\n' };
}

const missing = (code: string): string => (code === 'ENOENT' ? 'no such folder' : code);

async function packed(dir: string): Promise<Extract<Packed, { ok: true }>> {
  const made = await packPlugin(dir).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof ContentError) throw new CommandError(error.message);
    throw error.code === undefined
      ? error
      : new CommandError(`${dir}: found ${missing(error.code)}, expected a folder with plugin.json`);
  });
  if (!made.ok) throw new CommandError(made.problems.map(formatProblem).join('\n'));
  if (made.leftOut.length > 0) process.stderr.write(`left out, being no text: ${plain(made.leftOut.join(', '))}\n`);
  return made;
}

function hostOf(args: Arguments): RemoteHost {
  const { apiToken, workerServicePort } = readEnvironment();
  const api = args.text('api');
  return {
    api: api === undefined ? `http://127.0.0.1:${workerServicePort}` : readApi(api),
    token: apiToken ?? undefined,
  };
}

function line({ name, tenantOrganizationId: tenant, latest, versions, description }: RemotePlugin): string {
  const whose = tenant === null ? 'everybody' : `tenant ${tenant}`;
  return `${plain(`${name}@${latest}  ${versions} version${versions === 1 ? '' : 's'}, ${whose}  ${description}`)}\n`;
}
