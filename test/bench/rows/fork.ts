/** `child_process.fork`: a process for each call, with all of Node's API. */
import { type ChildProcess, fork as forkProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Contender } from '../contender.ts';
import { writeProgram } from '../subject.ts';

const DOOR = `
process.once('message', (input) => process.send(JSON.stringify(main(JSON.parse(input)))));`;

export const fork: Contender = {
  name: '`child_process.fork`, new process',
  calls: 12,
  open: async (subject) => {
    const file = await writeProgram(subject, 'fork.mjs', DOOR);
    let last: ChildProcess | null = null;
    return {
      call: async (input) => {
        last = forkProcess(file, { execArgv: [] });
        last.send(input);
        const [output] = await once(last, 'message');
        return String(output);
      },
      tidy: async () => {
        last?.kill('SIGKILL');
        if (last?.exitCode === null && last.signalCode === null) await once(last, 'exit');
      },
      close: async () => undefined,
    };
  },
};
