/** Short texts that stand for very much. */

/** Nine to the power of `levels` values, each level an alias of the one before. */
export function laughs(levels: number): string {
  const nine = (value: string): string => Array(9).fill(value).join(', ');
  const lines = Array.from({ length: levels }, (_, n) => `a${n + 1}: &a${n + 1} [${nine(`*a${n}`)}]`);
  return ['a0: &a0 x', ...lines].join('\n');
}

/** A text of a line for each number below `count`. */
export function lines(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => line(n)).join('\n');
}

/** Every file of a project that is YAML, whatever it is for. */
export const YAML_FILES = [
  'workflows/w.yaml',
  'cloister.yaml',
  'validation-rules/manifest.yaml',
  'triggers/t/definition.yaml',
] as const;
