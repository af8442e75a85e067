/** Resolves the compiled expressions of a plan. Pure: same plan, input and outputs give the same value. */
import type { Template } from '../../../registry/plan.ts';

/** What expressions may see: the run's input and the outputs of activities that completed. */
export interface Scope {
  readonly input: unknown;
  readonly outputs: ReadonlyMap<string, unknown>;
}

/** Value of a template; `undefined` when a path leads nowhere. Undefined entries leave maps and become null in lists. */
export function resolve(template: Template, scope: Scope): unknown {
  switch (template.kind) {
    case 'literal':
      return template.value;
    case 'input':
      return follow(scope.input, template.path);
    case 'output':
      return follow(scope.outputs.get(template.activity), template.path);
    case 'map':
      return Object.fromEntries(
        template.entries
          .map(([key, value]) => [key, resolve(value, scope)] as const)
          .filter(([, value]) => value !== undefined),
      );
    case 'list':
      return template.items.map((item) => resolve(item, scope) ?? null);
    default:
      return template satisfies never;
  }
}

const HIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

function follow(start: unknown, path: readonly string[]): unknown {
  let value = start;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || HIDDEN.has(segment)) return undefined;
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(segment) ? value[Number(segment)] : undefined;
    else value = Object.hasOwn(value, segment) ? (value as Record<string, unknown>)[segment] : undefined;
  }
  return value;
}

/** Bytes of a JSON text in UTF-8. The workflow VM has no Buffer. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes: each half adds one, as each unit below U+0800 does.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
