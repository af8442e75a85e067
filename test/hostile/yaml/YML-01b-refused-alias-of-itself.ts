import { refusedWorkflow } from './parts/project.ts';

export const attack = refusedWorkflow(
  'an alias inside its own anchor, of nothing, or for a key ends at a cap or as a problem',
  ['a: &a { b: *a }', /more than 64 levels/],
  ['a: &a [*a, *a, *a]', /more than 64 levels/],
  ['&a [*a]', /more than 64 levels/],
  ['a: *nothing', /alias \*nothing without an anchor/],
  ['a: &a x\n*a : y', /YAML_SYNTAX/],
  ['? &a [*a]\n: x', /YAML_SYNTAX/],
);
