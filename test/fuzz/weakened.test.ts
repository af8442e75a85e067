// timeout: 300
// deep
/** The oracles can fail: in a copy of the sources with one defence taken out, the finding that led to it comes back. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('fuzzing a weakened build');
const ROOT = join(import.meta.dirname, '../..');
const COPIED = ['package.json', 'host', 'plugins', 'registry', 'sandbox', 'test'];

interface Weakening {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Target, input and what must be wrong with it. */
  readonly target: string;
  readonly finding: string | { readonly kind: string; readonly parts: readonly string[] };
  readonly fault: RegExp;
}

const call = (method: string, args: unknown): string => JSON.stringify({ method, args: JSON.stringify(args) });
const fails = call('probe.fail', 'system');

const WEAKENED: readonly Weakening[] = [
  {
    file: 'sandbox/cell.ts',
    from: 'if (ended.ok && !running.admitsResult(ended.output))',
    to: 'if (false)',
    target: 'frames',
    finding: 'frames-e58a81ec.json',
    fault: /took a result of \d+ bytes/,
  },
  {
    file: 'sandbox/cell.ts',
    from: "(this.#isReady ? this.#end('protocol', null) : this.#onReady())",
    to: 'this.#onReady()',
    target: 'frames',
    finding: 'frames-ready.json',
    fault: /has not ended/,
  },
  {
    file: 'sandbox/running.ts',
    from: 'return this.isOver ? null : text;',
    to: 'this.#open--;\n    return this.isOver ? null : text;',
    target: 'frames',
    finding: 'frames-deaf.json',
    fault: /took \d+ calls of a cell that reads no answer/,
  },
  {
    file: 'registry/yaml/document.ts',
    from: '?.slice(0, FAULT_CHARS)',
    to: '',
    target: 'yaml',
    finding: 'yaml-4cd1697f.json',
    fault: /takes \d+ characters/,
  },
  {
    file: 'host/broker/index.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    from: "new CapabilityError('FAILED', `${method} failed`)",
    to: "new CapabilityError('FAILED', String(error))",
    target: 'calls',
    finding: { kind: 'probe', parts: [fails] },
    fault: /the script sees the heap/,
  },
  {
    file: 'sandbox/call.ts',
    from: 'return key === null ? { ok }',
    to: 'return true ? { ok: { p: 0 } }',
    target: 'params',
    finding: { kind: 'argument', parts: ['[1]'] },
    fault: /the host got another value/,
  },
  {
    file: 'sandbox/cell.ts',
    from: "if (message.t === 'pulse') return;",
    to: "if (message.t === 'pulse') return;\n    if (message.t === 'log') return void this.#end('protocol', null);",
    target: 'scripts',
    finding: {
      kind: 'mutated',
      parts: ["async function main() { cloister.log.info('x'); return new Promise(() => {}); }"],
    },
    fault: /the cell was ended: protocol/,
  },
];

test('each finding comes back without its defence', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cloister-weak-fuzz-'));
  try {
    await Promise.all(COPIED.map((path) => cp(join(ROOT, path), join(dir, path), { recursive: true })));
    await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    for (const weakening of WEAKENED) await tryOne(dir, weakening);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

async function tryOne(dir: string, { file, from, to, target, finding, fault }: Weakening): Promise<void> {
  const whole = await readFile(join(ROOT, file), 'utf8');
  assert.is(whole.split(from).length, 2, `${file} holds once: ${from}`);
  // Kept findings are tried with nothing taken out by found.test.ts.
  if (typeof finding !== 'string') assert.equal(await attemptIn(dir, target, finding), [], `${target}, as it is`);
  await writeFile(
    join(dir, file),
    whole.replace(from, () => to),
  );
  assert.match((await attemptIn(dir, target, finding)).join('\n'), fault, `${file} without ${from}`);
  await writeFile(join(dir, file), whole);
}

const MAIN = `const { TARGETS } = await import('./test/fuzz/targets/index.ts');
const { faultsOf } = await import('./test/fuzz/attempt.ts');
const { readFindings } = await import('./test/fuzz/found.ts');
const [name, text] = process.argv.slice(1);
const asked = JSON.parse(text);
const input = typeof asked === 'string' ? (await readFindings()).get(asked).input : asked;
const bench = await TARGETS.find((target) => target.name === name).open();
console.log('FAULTS ' + JSON.stringify(await faultsOf(bench, input)));
process.exit(0);`;

function attemptIn(cwd: string, target: string, finding: Weakening['finding']): Promise<readonly string[]> {
  const args = ['--input-type=module', '--eval', MAIN, '--', target, JSON.stringify(finding)];
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  execFile(process.execPath, args, { cwd, timeout: 60_000 }, (_error, out, err) => {
    const [, faults] = /^FAULTS (.*)$/m.exec(out) ?? [];
    if (faults === undefined) reject(new Error(out + err));
    else resolve(JSON.parse(faults) as string[]);
  });
  return promise;
}

test.run();
