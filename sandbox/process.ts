import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { encodeFrame, FrameReader } from './frames.ts';

const require = createRequire(import.meta.url);

/** How a child process is walled in. */
export interface Walls {
  /** Flags of Node's permission model. */
  readonly flags: readonly string[];
  /** Folder from which the child resolves the one package it loads. */
  readonly cwd: string;
}

/** Walls of a cell: isolated-vm and what loads it, nothing else of the disk, no child, no network. */
export function cellWalls(): Walls {
  const isolatedVm = dirname(require.resolve('isolated-vm/package.json'));
  const loader = dirname(require.resolve('node-gyp-build/package.json'));
  return {
    flags: [
      '--allow-addons',
      '--no-node-snapshot',
      '--no-harmony-temporal',
      ...readable([isolatedVm, loader, '/etc/alpine-release']),
    ],
    cwd: isolatedVm,
  };
}

/**
 * Walls of a build: the bundler's own files. The bundler is the WebAssembly one, which has no file system at all: the native
 * one lists folders of the disk for `import("../" + name)`, whatever its plugins say. Compiled by V8's baseline compiler only:
 * for a handful of builds that is three times as fast to the first bundle, and takes half the memory.
 */
export function buildWalls(): Walls {
  const bundler = dirname(require.resolve('esbuild-wasm/package.json'));
  return { flags: ['--liftoff-only', ...readable([bundler])], cwd: bundler };
}

function readable(paths: readonly string[]): string[] {
  return paths.map((path) => `--allow-fs-read=${path}`);
}

/** What a child process says. After `onEnd` nothing more comes. */
export interface ChildEvents {
  onMessage(message: unknown): void;
  /** `why` is set when the child broke the protocol and was ended for it. */
  onEnd(why: string | null): void;
}

/** A child process behind a framed pipe, under the permission model and with an empty environment. */
export class Child {
  readonly pid: number;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  #why: string | null = null;
  #stderr = '';

  constructor(code: string, walls: Walls, events: ChildEvents) {
    const flags = ['--permission', '--disable-sigusr1', '--disable-warning=PERM0001', ...walls.flags];
    this.#process = spawn(process.execPath, [...flags, '--input-type=commonjs', '--eval', code], {
      cwd: walls.cwd,
      env: {},
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pid = this.#process.pid ?? 0;
    this.#listen(events);
  }

  /** Text of the child's standard error, at most 2 KB, for the host's log. */
  get stderr(): string {
    return this.#stderr;
  }

  /** `sent` is called when the child's pipe has taken all of it. */
  send(message: unknown, sent?: () => void): void {
    if (this.#process.stdin.writable) this.#process.stdin.write(encodeFrame(message), sent);
  }

  /** Ends the process at once. */
  kill(): void {
    if (this.pid === 0) return;
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  #listen(events: ChildEvents): void {
    const { stdin, stdout, stderr } = this.#process;
    const reader = new FrameReader();
    stdout.on('data', (chunk: Buffer) => {
      if (this.#why !== null) return;
      try {
        for (const message of reader.push(chunk)) events.onMessage(message);
      } catch (error) {
        this.#why = error instanceof Error ? error.message : 'a broken frame';
        this.kill();
      }
    });
    stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('latin1')).slice(0, 2048);
    });
    stdin.on('error', () => undefined);
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      events.onEnd(this.#why);
    };
    this.#process.on('error', end);
    this.#process.on('close', end);
  }
}
