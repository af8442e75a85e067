import * as esbuild from 'esbuild';
import { encodeFrame, FrameReader } from '../frames.ts';
import { Asker } from './asker.ts';
import { bundle } from './bundle.ts';
import type { FromBuild, ToBuild } from './message.ts';

/** Process side of a build: makes one bundle, says so, and is ended by its supervisor. Ends with the pipe. */

const reader = new FrameReader();
const asker = new Asker(send);

function send(message: FromBuild): void {
  process.stdout.write(encodeFrame(message));
}

function leave(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function handle(message: ToBuild): Promise<void> {
  if (message.t === 'reply') return void asker.take(message.id, message.reply);
  send(await bundle(message, asker));
}

process.stdin.on('data', (chunk: Buffer) => {
  try {
    for (const message of reader.push(chunk)) handle(message as ToBuild).catch(fail);
  } catch (error) {
    fail(error);
  }
});
process.stdin.on('end', leave);
process.stdin.on('error', leave);
process.stdout.on('error', leave);

/** The supervisor reads standard error when a build ends without a word. */
function fail(error: unknown): void {
  process.stderr.write(error instanceof Error ? `${error.stack}` : 'unknown', leave);
}

// The bundler's own process starts now, not with the first build.
esbuild.transform('').then(() => send({ t: 'ready' }), fail);
