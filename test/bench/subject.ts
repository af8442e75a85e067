/** The function under measurement in the forms that the rows need. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { main } from './subject/order.ts';

/** One function, the same in every row. */
export interface Subject {
  /** Its TypeScript source. */
  readonly source: string;
  /** A script that leaves it as the global `subject.main`. */
  readonly script: string;
  /** An ES module that exports `main`. */
  readonly module: string;
  /** JSON text to call it with, and the JSON text it must answer. */
  readonly input: string;
  readonly output: string;
  /** Called in this process, without any wall. */
  readonly direct: (input: string) => string;
  /** Empty folder that rows may write to; removed at the end. */
  readonly folder: string;
}

const ORDER = {
  lines: [
    { code: '99213', units: 1, cents: 9_250 },
    { code: '36415', units: 2, cents: 1_075 },
    { code: '80053', units: 1, cents: 4_899 },
  ],
};

/** Reads and compiles the function. `folder` is the bench's own. */
export async function readSubject(folder: string): Promise<Subject> {
  const source = await readFile(new URL('subject/order.ts', import.meta.url), 'utf8');
  const [script, module] = await Promise.all([
    transform(source, { loader: 'ts', format: 'iife', globalName: 'subject' }),
    transform(source, { loader: 'ts', format: 'esm' }),
  ]);
  const input = JSON.stringify(ORDER);
  const direct = (text: string): string => JSON.stringify(main(JSON.parse(text)));
  return { source, script: script.code, module: module.code, input, output: direct(input), direct, folder };
}

/** Writes a program of a row: the function's module followed by `tail`. Resolves to its path. */
export async function writeProgram(subject: Subject, name: string, tail: string): Promise<string> {
  const file = join(subject.folder, name);
  await writeFile(file, `${subject.module}\n${tail}\n`);
  return file;
}
