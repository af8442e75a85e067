/** The host's own log: JSON lines, secrets left out; Temporal's SDK speaks through it too. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { IllegalStateError } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** Where the log goes. */
export interface LogOptions {
  readonly level: string;
  /** Absent: standard error. */
  readonly file?: string;
}

/** What a line is about, beside what it says. */
interface Scope {
  readonly requestId?: string;
  readonly runId?: string;
  readonly activity?: string;
}

/** What the present work is about: every line that is written meanwhile says so. */
export const scope = new AsyncLocalStorage<Scope>();

const NAMES = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'apikey',
  'apiKey',
  'serviceRoleKey',
  'jwtSecret',
  'secretKey',
  'clientSecret',
];
/** At the top, in whatever stands there, and one deeper. */
const HIDDEN = NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Opens the log. */
export function openLog({ level, file }: LogOptions): Logger {
  const sink = file === undefined ? destination(2) : destination({ dest: file, mkdir: true, sync: false });
  return createLog(level, sink);
}

/** A log that writes to `sink`. */
export function createLog(level: string, sink: DestinationStream): Logger {
  return pino(
    {
      level,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: HIDDEN, censor: '***' },
      serializers: { err: errorOf },
      hooks: { streamWrite: (line) => line.replace(CREDENTIAL, '***') },
      mixin: () => ({ ...scope.getStore() }),
      // What a line says of itself goes before what the work around it is about.
      mixinMergeStrategy: (said, about) => ({ ...about, ...said }),
    },
    sink,
  );
}

/** What clients write into the texts of their errors: credentials of a header, and those of an address. */
const CREDENTIAL = /\b(bearer|basic)\s+[\w.~+/=-]+|(?<=\/\/)[^\s/@"\\]+@/gi;
const DEEPEST_CAUSE = 4;

/** Errors of clients drag requests along, headers included: of an error only this is written. */
function errorOf(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(cause instanceof Error && depth < DEEPEST_CAUSE && { cause: errorOf(cause, depth + 1) }),
  };
}

/**
 * Has the log take what Temporal's SDK says (warnings and worse), from before the first native connection on. The SDK's runtime
 * is one for the process and keeps it alive until the last connection is closed: where a test has several hosts, the first
 * one's log gets its words.
 */
export function speakForTemporal(log: Logger): void {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    log[level === 'ERROR' ? 'error' : 'warn']({ sdk: meta }, message);
  });
  // Signals are the command's to handle: it closes the API first. Unforwarded, the SDK's core writes to standard output.
  try {
    Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { forward: {} } } });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}
