// A RangeError instead of a YAML error: GHSA-48c2-rrv3-qjmp (CVE-2026-33532), nodeca/js-yaml#739.
import { refusedWorkflow } from './parts/project.ts';

export const attack = refusedWorkflow(
  'nesting without end is a problem of the file, in flow and in block style, open or closed',
  ['['.repeat(5_000), /YAML_SYNTAX/],
  ['['.repeat(5_000) + ']'.repeat(5_000), /more than 64 levels/],
  ['{a: '.repeat(5_000) + '}'.repeat(5_000), /more than 64 levels/],
  [`a: ${'[{'.repeat(40)}x${'}]'.repeat(40)}`, /more than 64 levels/],
  ['- '.repeat(30_000), /YAML_SYNTAX/],
  ['? '.repeat(30_000), /YAML_SYNTAX/],
  [`${'- '.repeat(70)}x`, /more than 64 levels/],
  [Array.from({ length: 700 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'), /more than 64 levels/],
  [Array.from({ length: 5_000 }, (_, n) => `${' '.repeat(Math.min(n, 50))}- - -`).join('\n'), /YAML_SYNTAX/],
);
