import type { Attack } from '../harness/attack.ts';

/** A cell numbers its runs and calls itself: other numbers mean nothing, and never another cell's. */
export const attack: Attack = {
  claim: 'messages for runs that the cell does not have, and answers that nobody asked for, do nothing',
  forged: true,
  script: `
    async function attack(run) {
      for (const id of [1, 2, 99, 2 ** 31]) {
        await send({ t: 'call', id, call: 0, method: 'probe.echo', args: '"for another"' });
        await send({ t: 'log', id, level: 'info', message: 'for another' });
        await send({ t: 'end', id, ended: { ok: true, output: '"forged"' }, usage });
        await send({ t: 'catastrophe', id, message: 'memory' });
        await send({ t: 'gone', id });
      }
      return JSON.parse(await call(run.id, 'probe.echo', '"my own"'));
    }`,
  returns: { ok: 'my own' },
  after: ({ probe, lines }) => {
    if (probe.calls.length !== 1 || lines.length !== 0) throw new Error(JSON.stringify([probe.calls, lines]));
  },
};
