/** How esbuild ends a bundle whose entry is an ES module, and how it lists what that exports. */
const END = /\n {2}return __toCommonJS\((\w+)\);\n\}\)\(\);\n/g;
const LINE = /^ {4}(?:([\w$]+)|("(?:[^"\\]|\\.)*")): \(\) => (.*?),?$/;

/**
 * Names that the entry of a bundle exports, in the order of the bundle, each with what stands behind it; null when the text does not say them, as for an entry
 * in CommonJS. A script that forges this text fools nobody but the host about itself, and ends with `MAIN_MISSING`.
 */
export function readExports(code: string): ReadonlyMap<string, string> | null {
  const namespace = [...code.matchAll(END)].at(-1)?.[1];
  if (namespace === undefined) return null;
  const opening = `\n  __export(${namespace}, {\n`;
  const at = code.indexOf(opening);
  if (at < 0) return null;
  const names = new Map<string, string>();
  for (const line of code.slice(at + opening.length).split('\n', MAX_NAMES)) {
    if (line === '  });') return names;
    const match = LINE.exec(line);
    if (!match) return null;
    const name = match[1] ?? unquoted(match[2] ?? '');
    if (name === null) return null;
    names.set(name, match[3] ?? '');
  }
  return null;
}

const MAX_NAMES = 1_000;

/** Null where JavaScript has an escape that JSON does not have. */
function unquoted(text: string): string | null {
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
}
