/** The one workflow bundle of every worker, built from the sources once and kept by their digest. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const WORKFLOWS = join(import.meta.dirname, 'workflows');

/** Bundle of the named workflows, JavaScript text. Taken from `cacheDir` when the same sources were bundled before. */
export async function workflowBundle(cacheDir: string): Promise<{ code: string }> {
  const kept = join(cacheDir, `workflows-${await sourceDigest()}.js`);
  try {
    return { code: await readFile(kept, 'utf8') };
  } catch {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(WORKFLOWS, 'index.ts'),
      workflowInterceptorModules: [join(WORKFLOWS, 'interceptors.ts')],
      logger: QUIET,
    });
    await mkdir(cacheDir, { recursive: true });
    const draft = `${kept}.${process.pid}`;
    await writeFile(draft, code);
    await rename(draft, kept);
    return { code };
  }
}

async function sourceDigest(): Promise<string> {
  const hash = createHash('sha256').update(sdkVersion());
  for (const name of (await readdir(WORKFLOWS)).sort()) {
    hash.update(name).update(await readFile(join(WORKFLOWS, name)));
  }
  return hash.digest('hex').slice(0, 32);
}

function sdkVersion(): string {
  const manifest = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  return manifest.version;
}

const ignore = (): void => undefined;
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
