/** `worker_threads`: a heap of its own in the same process, with all of Node's API. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Contender } from '../contender.ts';
import { writeProgram } from '../subject.ts';

const DOOR = `
import { parentPort } from 'node:worker_threads';
parentPort.once('message', (input) => parentPort.postMessage(JSON.stringify(main(JSON.parse(input)))));`;

export const thread: Contender = {
  name: '`worker_threads`, new worker',
  calls: 15,
  open: async (subject) => {
    const file = await writeProgram(subject, 'thread.mjs', DOOR);
    let last: Worker | null = null;
    return {
      call: async (input) => {
        last = new Worker(file);
        last.postMessage(input);
        const [output] = await once(last, 'message');
        return String(output);
      },
      tidy: async () => void (await last?.terminate()),
      close: async () => undefined,
    };
  },
};
