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

/** Opens the log. The first one opened in a process also takes what Temporal's SDK says (warnings and worse). */
export function openLog({ level, file }: LogOptions): Logger {
  const sink = file === undefined ? destination(2) : destination({ dest: file, mkdir: true, sync: false });
  const log = pino({ level, redact: { paths: HIDDEN, censor: '***' } }, sink);
  speakForTemporal(log);
  return log;
}

/** The SDK's runtime is one for the process: where a test has several hosts, the first one's log gets its words. */
function speakForTemporal(log: Logger): void {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    log[level === 'ERROR' ? 'error' : 'warn']({ sdk: meta }, message);
  });
  // Signals are the command's to handle: it closes the API first.
  try {
    Runtime.install({ logger, shutdownSignals: [] });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}
