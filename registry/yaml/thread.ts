/** Thread side of `aside.ts`: parses what it is sent, one text after the other. */
import { parentPort } from 'node:worker_threads';
import { parseYaml } from './document.ts';

parentPort?.on('message', ({ text, tokensLeft }: { text: string; tokensLeft: number }) => {
  parentPort?.postMessage(parseYaml(text, tokensLeft));
});
