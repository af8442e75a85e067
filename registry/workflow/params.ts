import type { Template } from '../plan.ts';
import { described, quoted } from '../report/words.ts';
import type { YamlMap, YamlNode, YamlScalar } from '../yaml/node.ts';
import { compileScalar, expressionExpected } from './expression.ts';
import { checkInput, checkReference, type Names, type Use } from './reference.ts';

const NOTHING: Template = { kind: 'literal', value: null };

/** Compiles `params`, reporting every expression that is not right. Keys are never expressions. */
export function compileParams(map: YamlMap | undefined, use: Use, names: Names): Template & { readonly kind: 'map' } {
  const entries = map?.entries.map(
    ({ key, value }) => [key, compileNode(value, inside(use, `.${key}`, value), names)] as const,
  );
  return { kind: 'map', entries: entries ?? [] };
}

/** Compiles one entry of `applicability`: an expression or a boolean. */
export function compileCondition(node: YamlNode, use: Use, names: Names): Template {
  const template = node.kind === 'scalar' ? compileChecked(node, use, names) : null;
  if (template !== null && (template.kind !== 'literal' || typeof template.value === 'boolean')) return template;
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : null;
  if (template !== null || text === null) {
    const found = text === null ? described(node) : `text ${quoted(text)}`;
    const place = { at: node.at, where: use.where };
    names.report.add({ ...place, code: 'APPLICABILITY_LITERAL', found, expected: 'an expression or a boolean' });
  }
  return NOTHING;
}

function compileNode(node: YamlNode, use: Use, names: Names): Template {
  switch (node.kind) {
    case 'scalar':
      return compileChecked(node, use, names) ?? NOTHING;
    case 'list':
      return {
        kind: 'list',
        items: node.items.map((item, n) => compileNode(item, inside(use, `[${n}]`, item), names)),
      };
    case 'map':
      return compileParams(node, use, names);
    default:
      return node satisfies never;
  }
}

/** Null when the expression has no right form, which is then reported. */
function compileChecked({ value, at }: YamlScalar, use: Use, names: Names): Template | null {
  const template = compileScalar(value);
  if (template === null) {
    const text = String(value);
    const expected = expressionExpected(text);
    names.report.add({ code: 'EXPRESSION_SYNTAX', at, where: use.where, found: quoted(text), expected });
  }
  if (template?.kind === 'output') checkReference(template.activity, use, names);
  if (template?.kind === 'input') checkInput(template.path, use, names);
  return template;
}

function inside(use: Use, step: string, node: YamlNode): Use {
  return { activity: use.activity, where: use.where + step, at: node.at };
}
