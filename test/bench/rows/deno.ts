/** Deno: a process for each call, without any permission granted. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type Contender, NotAvailable } from '../contender.ts';
import { type Subject, writeProgram } from '../subject.ts';

const DOOR = `
const input = await new Response(Deno.stdin.readable).text();
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(main(JSON.parse(input)))));
Deno.stdout.close();`;

export const deno: Contender = {
  name: 'Deno, new process',
  calls: 12,
  open: async (subject, competitors) => {
    const program = join(competitors.platformFolder('deno'), 'deno');
    await promisify(execFile)(program, ['--version']).catch((error: Error) => {
      throw new NotAvailable(`deno does not run: ${error.message}`);
    });
    const file = await writeProgram(subject, 'deno.mjs', DOOR);
    let last: ChildProcessByStdio<Writable, Readable, null> | null = null;
    return {
      call: (input) => {
        last = start(program, file, subject);
        last.stdin.end(input);
        return text(last.stdout);
      },
      tidy: async () => {
        if (last?.exitCode === null && last.signalCode === null) await once(last, 'exit');
      },
      close: async () => undefined,
    };
  },
};

function start(program: string, file: string, { folder }: Subject): ChildProcessByStdio<Writable, Readable, null> {
  return spawn(program, ['run', '--no-prompt', '--no-config', '--no-lock', file], {
    env: { DENO_DIR: join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
