import { readFileSync } from 'node:fs';
import { encodeFrame, FrameReader, MAX_FRAME } from '../frames.ts';
import { Asker } from './asker.ts';
import type { Bundler } from './bundle.ts';
import { bundle } from './bundle.ts';
import type { FromBuild, ToBuild } from './message.ts';
import { rehearse } from './rehearse.ts';

/** Process side of builds: makes one bundle at a time, from what its supervisor answers. Ends with the pipe. */

const reader = new FrameReader(MAX_FRAME, Number.POSITIVE_INFINITY);
let asker = new Asker(send);
let isWanted = false;
const bundler = start();

function send(message: FromBuild): void {
  process.stdout.write(encodeFrame(message));
}

function leave(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function handle(message: ToBuild): Promise<void> {
  if (message.t === 'reply') return void asker.take(message.id, message.reply);
  isWanted = true;
  asker = new Asker(send);
  send(await bundle(await bundler, message, asker));
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

/**
 * The bundler for browsers, told that this is one, and without the globals that `node --eval` has: it then brings a file
 * system of its own that refuses everything.
 */
async function start(): Promise<Bundler> {
  for (const name of ['fs', 'path']) Reflect.deleteProperty(globalThis, name);
  Object.defineProperty(globalThis, 'self', { value: globalThis });
  const esbuild: Bundler = require('esbuild-wasm/lib/browser.js');
  const { Module } = Reflect.get(globalThis, 'WebAssembly');
  await esbuild.initialize({ wasmModule: new Module(readFileSync('esbuild.wasm')), worker: false });
  await rehearse(esbuild, () => isWanted);
  return esbuild;
}

bundler.then(() => send({ t: 'ready' }), fail);
