import type { Attack } from '../harness/attack.ts';

/** Every check of the guest's is made again in the host. */
export const attack: Attack = {
  claim: 'the host refuses by itself what the bridge in the isolate would have refused',
  forged: true,
  script: `
    async function attack(run) {
      const deep = (n) => '['.repeat(n) + ']'.repeat(n);
      const calls = [['constructor', '1'], ['__proto__', '1'], ['probe.echo.call', '1'], ['evaluate', '{"source":"1","scope":{}}'], ['probe.echo', '{'], ['probe.echo', ''], ['probe.echo', 'undefined'],
        ['probe.echo', deep(257)], ['probe.echo', '"' + 'x'.repeat(2e6) + '"'], ['probe.echo', '{"a":{"__proto__":1}}'], ['probe.echo', '{"constructor":1}'], ['probe.echo', '1e999'], ['probe.fail', '"system"'], ['probe.echo', '"fine"']];
      const answers = [];
      for (const [method, args] of calls) answers.push(JSON.parse(await call(run.id, method, args)));
      return answers.map(({ ok, err }) => err?.code ?? (ok === null || ok === 'fine' ? ok : 'accepted'));
    }`,
  returns: [
    'UNKNOWN_METHOD',
    'UNKNOWN_METHOD',
    'UNKNOWN_METHOD',
    'UNKNOWN_METHOD',
    'BAD_ARGUMENT',
    'BAD_ARGUMENT',
    'BAD_ARGUMENT',
    'TOO_DEEP',
    'TOO_LARGE',
    'BAD_ARGUMENT',
    'BAD_ARGUMENT',
    null,
    'FAILED',
    'fine',
  ],
};
