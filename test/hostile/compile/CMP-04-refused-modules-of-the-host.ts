import { builtinModules } from 'node:module';
import { refusedLines } from './parts/build.ts';

/** All of these are there for the host itself. */
const INSTALLED = [
  'pg',
  'esbuild',
  'isolated-vm',
  'yaml',
  '@temporalio/worker',
  '@hapi/hapi',
  'esbuild-wasm/lib/browser.js',
];
const NODE = [
  'fs',
  'node:fs',
  'fs/promises',
  'node:child_process',
  'module',
  'process',
  'node:sqlite',
  'worker_threads',
];

export const attack = refusedLines('nothing that the host can import can a script', () => [
  ...INSTALLED.map((name) => `import x from '${name}'; console.log(x);`),
  ...NODE.map((name) => `import x from '${name}'; console.log(x);`),
  ...NODE.map((name) => `export const x = require('${name}');`),
  `${builtinModules.map((name) => `import '${name}';`).join('')}`,
  "import { createRequire } from 'module'; createRequire('/')('fs');",
]);
