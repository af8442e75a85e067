/** `node:vm`: another global object in the same heap. No wall, by its own documentation. */
import { createContext, Script } from 'node:vm';
import type { Contender } from '../contender.ts';

export const vm: Contender = {
  name: '`node:vm`, new context',
  calls: 500,
  open: async ({ script }) => {
    const load = new Script(script);
    const run = new Script('JSON.stringify(subject.main(JSON.parse(input)))');
    return {
      call: (input) => {
        const context = createContext({ input });
        load.runInContext(context);
        return String(run.runInContext(context));
      },
      close: async () => undefined,
    };
  },
};
