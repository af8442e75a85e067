/** A development host: everything embedded, loopback only, each new run takes the working tree. */
import { join, resolve } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { destination, type Logger, pino } from 'pino';
import type { LogLine } from '../sandbox/index.ts';
import { createFileStore, RegistryError } from '../registry/index.ts';
import { CommandError } from './cli/command.ts';
import type { Environment } from './env.ts';
import { cacheFolder } from './embedded/temporal.ts';
import { FolderInUse, openDataFolder } from './folder.ts';
import { type Host, startHost } from './host.ts';
import { startStack, type Stack } from './stack.ts';
import { developmentTenants } from './tenants.ts';

/** What a development host is started with. */
export interface DevelopmentOptions {
  readonly environment: Environment;
  readonly projectDir: string;
  /** Exactly this port; absent: `WORKER_SERVICE_PORT`, then a free one. 0: a free one. */
  readonly port?: number;
  /** Default: `.cloister` in the current folder. */
  readonly dataDir?: string;
  /** A line for people about what takes time. */
  readonly progress: (text: string) => void;
  /** A line for each thing a script logs; absent: they go to the log file only. */
  readonly scriptLog?: (text: string) => void;
}

/** A running development host. */
export interface DevelopmentHost extends Host {
  readonly stack: Stack;
  /** Where to look: a line for the API, one for Temporal's own pages, one for FHIR. */
  readonly links: string;
}

const GRACE_MS = 10_000;
const FORCE_MS = 20_000;
