/** Which tables of the migrations are open: without row-level security lite shows every row to every tenant. */

/** A statement as PostgreSQL's own parser names it: one key, its kind. */
type Statement = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Names of tables and views that the statements make and never put under row-level security, which a view cannot be.
 * `ast` is the parsed text of all migrations in the order they ran.
 */
export function unguardedTables(ast: unknown): readonly string[] {
  const open = new Set<string>();
  for (const statement of statementsOf(ast)) {
    for (const [kind, given] of Object.entries(statement)) {
      if (kind === 'CreateStmt') open.add(nameIn(given.relation));
      else if (kind === 'ViewStmt') open.add(nameIn(given.view));
      else if (kind === 'CreateTableAsStmt') open.add(nameIn((given.into as { rel?: unknown } | undefined)?.rel));
      else if (kind === 'AlterTableStmt') change(open, given);
    }
  }
  return [...open];
}

function change(open: Set<string>, { relation, cmds }: Readonly<Record<string, unknown>>): void {
  for (const each of Array.isArray(cmds) ? cmds : []) {
    const { subtype } = (each as { AlterTableCmd?: { subtype?: unknown } }).AlterTableCmd ?? {};
    if (subtype === 'AT_EnableRowSecurity') open.delete(nameIn(relation));
    if (subtype === 'AT_DisableRowSecurity') open.add(nameIn(relation));
  }
}

function statementsOf(ast: unknown): Statement[] {
  const { stmts } = (ast ?? {}) as { stmts?: readonly { stmt: Statement }[] };
  return (stmts ?? []).map(({ stmt }) => stmt);
}

function nameIn(relation: unknown): string {
  return String((relation as { relname?: unknown } | undefined)?.relname);
}
