/** The host's own log: JSON lines, secrets left out; Temporal's SDK speaks through it too. */
import { IllegalStateError } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { destination, type Logger, pino } from 'pino';

/** Where the log goes. */
export interface LogOptions {
  readonly level: string;
  /** Absent: standard error. */
  readonly file?: string;
}

const HIDDEN = ['authorization', '*.authorization', 'headers.authorization', 'token', '*.token', 'secret', '*.secret'];

/** Opens the log. */
export function openLog({ level, file }: LogOptions): Logger {
  const sink = file === undefined ? destination(2) : destination({ dest: file, mkdir: true, sync: false });
  return pino({ level, redact: { paths: HIDDEN, censor: '***' } }, sink);
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
