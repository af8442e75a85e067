/** Projects in folders of their own, removed together at the end. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Path → text. */
export type Files = Readonly<Record<string, string>>;

/** Makes project folders and removes them. */
export class Folders {
  readonly #made: string[] = [];

  /** A new folder with these files; its path. */
  make(files: Files): string {
    const dir = mkdtempSync(join(tmpdir(), 'cloister-registry-'));
    this.#made.push(dir);
    write(dir, files);
    return dir;
  }

  remove(): void {
    for (const dir of this.#made.splice(0)) rmSync(dir, { recursive: true, force: true });
  }
}

/** Writes files below a folder. */
export function write(dir: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** Runs git in a folder as somebody; its output. */
export function git(dir: string, ...args: string[]): string {
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', dir, ...who, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** A script that does nothing and is right. */
export const SCRIPT = `export const description = 'Does nothing.';
export async function main(input: unknown) {
  return input;
}
`;

/** Built-ins as far as tests name them. */
export const BUILT_INS: ReadonlyMap<string, string> = new Map([
  ['fhir/search', SCRIPT],
  ['fhir/transaction', SCRIPT],
  ['fhir/_types', 'export interface Bundle {}\n'],
  [
    'billing-case/evaluate-validation-rules',
    `import { manifestPath, rules } from 'cloister:validation-rules';
export const description = 'Runs rules.';
export async function main() {
  return { manifestPath, rules: rules.map((rule: { id: string }) => rule.id) };
}
`,
  ],
]);
