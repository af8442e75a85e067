/** Makes an input that fails smaller: parts are left out, then slices of each part, as long as the same fault comes. */
import type { Input } from './target.ts';

/** Tries to make it smaller; resolves to the smallest found in so many milliseconds. `fails`: whether the fault still comes. */
export async function shrink(input: Input, ms: number, fails: (input: Input) => Promise<boolean>): Promise<Input> {
  const until = performance.now() + ms;
  const isWorse = async (parts: readonly string[]): Promise<boolean> =>
    performance.now() < until && (await fails({ ...input, parts }));
  let parts = await reduce(input.parts, async (fewer) => fewer.length > 0 && isWorse(fewer));
  for (let i = 0; i < parts.length; i++) {
    const others = parts;
    const replaced = (text: string): string[] => others.map((part, at) => (at === i ? text : part));
    for (const cut of [lines, tokens]) {
      const kept = await reduce(cut(parts[i] ?? ''), (fewer) => isWorse(replaced(fewer.join(''))));
      parts = replaced(kept.join(''));
    }
  }
  return { ...input, parts };
}

/** Leaves out slices of the list, large ones first, as long as `fails` says that what is left still fails. */
async function reduce(
  list: readonly string[],
  fails: (fewer: readonly string[]) => Promise<boolean>,
): Promise<readonly string[]> {
  let kept = list;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const fewer = kept.toSpliced(at, size);
      if (await fails(fewer)) kept = fewer;
      else at += size;
    }
  }
  return kept;
}

const lines = (text: string): string[] => text.split(/(?<=[\n;])/);

const tokens = (text: string): string[] => (text.length > 4_000 ? [text] : text.split(/\b/));
