/** The activities of the samples: their own files where they have some, functions of ours where they reach for a network. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { build, type Plugin } from 'esbuild';
import { temporaryFolder } from '../../stand/project.ts';
import type { Activities } from './case.ts';

const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const OWN = {
  hello: 'hello-world/src/activities.ts',
  patching: 'patching-api/src/activities/index.ts',
  heartbeat: 'activities-cancellation-heartbeating/src/activities.ts',
  polling: 'polling/infrequent/src/activities.ts',
  messages: 'message-passing/introduction/src/workflows.ts',
  expense: 'expense/src/activities.ts',
  saga: 'saga/src/activities.ts',
  sagaClients: 'saga/src/clients/index.ts',
} as const;

/** The server that the expense sample posts to answers everything. */
const NO_NETWORK: Plugin = {
  name: 'no-network',
  setup: (plugins) => {
    plugins.onResolve({ filter: /^axios$/ }, ({ path }) => ({ path, namespace: 'no-network' }));
    plugins.onLoad({ filter: /.*/, namespace: 'no-network' }, () => ({
      contents: 'export default { post: async () => ({ data: { ok: true } }) };',
    }));
  },
};

type Functions = Record<string, (...args: never[]) => unknown>;

/** Imports the activities of the samples in `dir`, unchanged. */
export async function sampleActivities(dir: string): Promise<Activities> {
  const own = await imported(dir);
  const clients = await call(own.sagaClients, 'createClients');
  const saga = call(own.saga, 'createActivities', clients) as Functions;
  const { activities: messages } = own.messages as unknown as { activities: Functions };
  const simple = [own.hello, own.patching, own.heartbeat, own.polling, own.expense];
  return { ...Object.assign({}, ...simple), ...messages, ...failing(saga), ...WEB };
}

function call(module: Functions, name: string, ...args: unknown[]): unknown {
  return (module[name] as (...given: unknown[]) => unknown)(...args);
}

async function imported(dir: string): Promise<Record<keyof typeof OWN, Functions>> {
  const folder = await temporaryFolder('activities');
  try {
    await symlink(NODE_MODULES, join(folder.path, 'node_modules'));
    await build({
      entryPoints: Object.fromEntries(Object.entries(OWN).map(([name, path]) => [name, join(dir, path)])),
      outdir: folder.path,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['@temporalio/*', 'async-mutex'],
      plugins: [NO_NETWORK],
      drop: ['console'],
      logLevel: 'silent',
    });
    const modules = await Promise.all(
      Object.keys(OWN).map(async (name) => {
        const module: Functions = await import(pathToFileURL(join(folder.path, `${name}.mjs`)).href);
        return [name, module];
      }),
    );
    return Object.fromEntries(modules);
  } finally {
    await folder.remove();
  }
}

/** An account `fails-<activity>` has that step refused for good; `succeeds` has none, the sample's own demand aside. */
function failing(saga: Functions): Functions {
  const wrapped = Object.entries(saga).map(([name, activity]) => {
    const run = async (params: { accountId: string; shouldThrow?: string }) => {
      if (params.accountId.split(' ').includes(`fails-${name}`)) {
        throw ApplicationFailure.nonRetryable(`${name} refused`, 'Refused', { accountId: params.accountId });
      }
      const { shouldThrow: _shouldThrow, ...asked } = params;
      return (activity as (given: unknown) => unknown)(params.accountId === 'succeeds' ? asked : params);
    };
    return [name, run];
  });
  return Object.fromEntries(wrapped);
}

/** Milliseconds that an address takes to answer. */
function delayOf(url: string): number {
  const [, delay] = Object.entries({ never: 30_000, slow: 1200, url2: 500 }).find(([word]) => url.includes(word)) ?? [];
  return delay ?? 20;
}

/** What `cancellation-scopes.ts` calls. */
const WEB = {
  httpGetJSON: async (url: string) => {
    await sleep(delayOf(url), undefined, { signal: Context.current().cancellationSignal });
    return { url };
  },
  httpPostJSON: async (url: string) => {
    await sleep(delayOf(url), undefined, { signal: Context.current().cancellationSignal });
  },
  cleanup: async (_url: string) => undefined,
};
