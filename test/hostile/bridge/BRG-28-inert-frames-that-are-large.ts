import type { Attack } from '../harness/attack.ts';

/** The largest frames that the pipe takes: what the host does with one must be short. */
export const attack: Attack = {
  claim: 'a cell that sends frames of 15 MB, a line and an argument, does not keep the host from its loop',
  forged: true,
  limits: { wallMs: 8_000 },
  script: `
    async function attack(run) {
      const large = '\\u001b\\n'.repeat(1.2e6);
      await pause(500);
      await send({ t: 'log', id: run.id, level: 'info', message: large });
      await pause(1_000);
      const answer = await call(run.id, 'probe.echo', JSON.stringify(large));
      await pause(1_000);
      return JSON.parse(answer).err.code;
    }`,
  returns: 'TOO_LARGE',
};
