import { CapabilityError } from '../capability.ts';

const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;
const AGGREGATE = /^(?:[^.]+\.)?(?:count|sum|avg|min|max)$/;
/** Types whose cast only changes how a value is written. */
const CASTS = new Set(
  'text varchar int2 int4 int8 smallint integer int bigint float4 float8 real numeric decimal bool boolean date time timestamp timestamptz uuid json jsonb'.split(
    ' ',
  ),
);

/** True for what a table, column or function may be called here. */
export function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name);
}

/**
 * Checks the text of a `select` or `order` parameter: every table that it embeds must be in `tables`, every cast must be to a
 * plain type. Anything that this reads otherwise than PostgREST might is refused: the policies of the database are the wall,
 * this only keeps the list of tables true.
 */
export function checkSelect(text: string, tables: readonly string[]): void {
  const bare = text.replaceAll(/"([^"\\(),]*)"/g, 'quoted');
  if (/["\\]/.test(bare)) throw new CapabilityError('DENIED', 'select: a quoted name with brackets, commas or escapes');
  // A match begins where a name does: begun anywhere in it, the search would take the square of its length.
  for (const [, before = '', closed] of bare.matchAll(/(?<![^,()])([^,()]*)\((\))?/g)) {
    const isAggregate = closed !== undefined && AGGREGATE.test(afterAlias(before));
    if (!isAggregate) checkEmbed(before, tables);
  }
  for (const [, type = ''] of bare.matchAll(/::([^,()]*)/g)) {
    if (!CASTS.has(type.trim())) throw new CapabilityError('DENIED', 'select: a cast to a type that is not plain');
  }
}

/** `alias:...table!hint` without alias, spread and hint. */
function checkEmbed(target: string, tables: readonly string[]): void {
  const [name = ''] = afterAlias(target)
    .trim()
    .replace(/^\.\.\./, '')
    .split('!');
  if (isIdentifier(name) && tables.includes(name)) return;
  const shown = isIdentifier(name) ? name : 'of that name';
  throw new CapabilityError('DENIED', `table ${shown} is not granted (db.tables)`, 'CAPABILITY_REFUSED');
}

function afterAlias(target: string): string {
  return target.slice(target.lastIndexOf(':') + 1);
}
