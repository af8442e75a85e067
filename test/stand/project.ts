/** Config projects for tests, written to a folder of their own. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Makes an empty folder; `remove` takes it away again. */
export async function temporaryFolder(name: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `cloister-${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Writes files (path → text) below a folder. */
export async function writeFiles(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

/** A workflow file out of data: JSON is YAML. */
export function workflow(id: string, definition: Readonly<Record<string, unknown>>): Record<string, string> {
  return { [`workflows/${id}.yaml`]: JSON.stringify({ id, name: id, ...definition }, null, 2) };
}

/** A script file. `body` is that of `main(input)`; `head` stands above it. */
export function script(name: string, body: string, head = ''): Record<string, string> {
  const text = `${head}\nexport const description = 'test';\nexport async function main(input: any): Promise<any> {\n${body}\n}\n`;
  return { [`activities/${name}.ts`]: text };
}

/** Packs a package (its files, by path) into `<name>-1.0.0.tgz` in `dir`, as a registry would deliver it. */
export async function packPackage(dir: string, name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const source = await temporaryFolder('package');
  await writeFiles(source.path, { 'package.json': JSON.stringify({ name, version: '1.0.0' }), ...files });
  await promisify(execFile)('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: source.path });
  await source.remove();
}
