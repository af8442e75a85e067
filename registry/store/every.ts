import { settle } from './settle.ts';

type Row = Readonly<Record<string, unknown>>;

/** Every row of a query, page by page: a Supabase gives no more than a thousand at once. `page` sorts by something unique. */
export async function everyRow(
  table: string,
  page: (from: number, to: number) => PromiseLike<{ data: readonly Row[] | null; error: { code?: string } | null }>,
  size = 500,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let last = size; last === size; ) {
    const found = settle(table, await page(rows.length, rows.length + size - 1)) ?? [];
    rows.push(...found);
    last = found.length;
  }
  return rows;
}
