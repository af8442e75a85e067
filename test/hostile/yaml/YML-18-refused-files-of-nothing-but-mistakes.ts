import { refusedWorkflow } from './parts/project.ts';

const MISTAKES = [
  '}',
  ']',
  '[}',
  ',',
  '!<a> ',
  ':\n',
  'a: b: c\n',
  '---\n',
  '*a ',
  '&a ',
  '!a ',
  '"\\q" ',
  '%X y\n',
  '? ',
  '@',
  '`',
  '\t',
  '#',
];

/** The parser makes an error object of each, and goes on. */
export const attack = refusedWorkflow(
  'a file full of mistakes is told a hundred of them, and soon',
  ...MISTAKES.map((mistake) => [`a: ${mistake.repeat(Math.floor(240_000 / mistake.length))}`, /error/] as const),
  [`"${'\\q'.repeat(100_000)}"`, /YAML_SYNTAX/],
  [`'${'\n'.repeat(200_000)}`, /YAML_SYNTAX/],
  [`? ${'x\n  '.repeat(60_000)}`, /error/],
);
