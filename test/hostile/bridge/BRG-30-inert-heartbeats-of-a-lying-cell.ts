import type { Attack } from '../harness/attack.ts';

/** Heartbeats are those of activities of projects; of other runs, and of runs that there are not, they are nothing. */
export const attack: Attack = {
  claim: 'heartbeats that no cell of ours would send do nothing, however many and however large',
  forged: true,
  script: `
    async function attack(run) {
      for (const details of ['', 'no JSON', '['.repeat(1e5), JSON.stringify('x'.repeat(4e6))]) {
        await send({ t: 'beat', id: run.id, details });
        await send({ t: 'beat', id: 99, details });
      }
      for (let n = 0; n < 20_000; n++) await send({ t: 'beat', id: run.id, details: '1' });
      return JSON.parse(await call(run.id, 'probe.echo', '"my own"'));
    }`,
  returns: { ok: 'my own' },
};
