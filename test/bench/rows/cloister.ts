/** Cloister: the tenant's cell is warm, the isolate fresh in every call, the code compiled once. */
import { createSandbox } from '../../../sandbox/index.ts';
import { buildScript, callScript } from '../cell.ts';
import type { Contender, Opened } from '../contender.ts';
import type { Subject } from '../subject.ts';

const CELL = 'bench';

/** Calls one upon the other: each pays for its isolate in full. */
export const cloister: Contender = {
  name: 'Cloister: warm cell, fresh isolate',
  calls: 300,
  open,
};

/** Calls with a pause, as between two activities of a workflow, in which the cell makes the next isolate. */
export const cloisterPaced: Contender = {
  name: 'the same, 5 ms between calls',
  calls: 200,
  gapMs: 5,
  open,
};

async function open({ source }: Subject): Promise<Opened> {
  const sandbox = createSandbox();
  try {
    await sandbox.warm(CELL);
    const bundle = await buildScript(sandbox, source);
    return { call: (input) => callScript(sandbox, CELL, bundle, input), close: () => sandbox.close() };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}
