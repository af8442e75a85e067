import type { Attack } from '../harness/attack.ts';

/** The host counts the values by itself, and before it reads them. */
export const attack: Attack = {
  claim: 'the host refuses an argument of more than 100,000 values that its own cell would not have sent',
  forged: true,
  script: `
    async function attack(run) {
      const codes = [];
      for (const part of ['[],', '0,', '{},']) {
        const { err } = JSON.parse(await call(run.id, 'probe.echo', '[' + part.repeat(300_000) + '0]'));
        codes.push(err?.code ?? 'accepted');
      }
      return codes;
    }`,
  returns: ['TOO_LARGE', 'TOO_LARGE', 'TOO_LARGE'],
};
