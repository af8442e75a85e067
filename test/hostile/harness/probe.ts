/** A capability of the harness's own, behind the real broker: cheap calls, and every way in which a real one may fail. */
import { type Capability, CapabilityError, type Method, type RunContext } from '../../../host/broker/capability.ts';

/** See `createProbe`. Its methods: `probe.echo`, `probe.who`, `probe.wait`, `probe.fail`, `probe.answer`. */
export interface Probe extends Capability {
  /** Arguments of the calls since `reset`, in order. */
  readonly calls: readonly unknown[];
  /** Most calls that were open at once since `reset`. */
  readonly mostOpen: number;
  reset(): void;
}

/** `secret` stands in the text of every failure: a script that sees it sees what it must not. */
export function createProbe(secret: string): Probe {
  const calls: unknown[] = [];
  let open = 0;
  let mostOpen = 0;
  const counted =
    (method: Method): Method =>
    async (args, context) => {
      calls.push(args);
      mostOpen = Math.max(mostOpen, ++open);
      try {
        return await method(args, context);
      } finally {
        open--;
      }
    };
  const fail: Method = async (kind) => {
    throw failureOf(kind, secret);
  };
  const answer: Method = async (kind) => answerOf(kind, secret);
  return {
    methods: new Map([
      ['probe.echo', counted(async (args) => args)],
      ['probe.who', counted(async (_, { tenant, runId }) => ({ tenant, runId }))],
      ['probe.wait', counted(wait)],
      ['probe.fail', counted(fail)],
      ['probe.answer', counted(answer)],
    ]),
    calls,
    get mostOpen() {
      return mostOpen;
    },
    reset: () => {
      calls.length = 0;
      mostOpen = open;
    },
    close: async () => undefined,
  };
}

function wait(ms: unknown, { signal }: RunContext): Promise<null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Number(ms), null);
    const stop = (): void => {
      clearTimeout(timer);
      reject(new CapabilityError('FAILED', 'the run is over'));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}

function failureOf(kind: unknown, secret: string): unknown {
  const error = new TypeError(`connect postgres://app:${secret}@10.0.0.1/db`);
  switch (kind) {
    case 'system':
      return Object.assign(error, { code: 'ECONNREFUSED', address: '10.0.0.1', path: '/var/run/db' });
    case 'borrowed code':
      return Object.assign(error, { code: 'DENIED' });
    case 'cause':
      return new Error('outer', { cause: error });
    case 'aggregate':
      return new AggregateError([error], secret);
    case 'refusal with a cause':
      return Object.assign(new CapabilityError('DENIED', 'not granted'), { cause: error, detail: secret });
    case 'text':
      return secret;
    case 'object':
      return { code: 'DENIED', message: secret };
    case 'nothing':
      return undefined;
    default:
      return error;
  }
}

function answerOf(kind: unknown, secret: string): unknown {
  switch (kind) {
    case 'bigint':
      return { id: 1n, secret };
    case 'cycle': {
      const cycle: Record<string, unknown> = { secret };
      cycle.self = cycle;
      return cycle;
    }
    case 'getter':
      return {
        get a() {
          throw new Error(secret);
        },
      };
    case 'large':
      return 'x'.repeat(5 * 2 ** 20);
    case 'undefined':
      return undefined;
    case 'function':
      return () => secret;
    default:
      return JSON.parse(
        '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"then":1,"ok":2,"err":3}',
      );
  }
}
