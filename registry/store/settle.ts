import { StoreError } from './error.ts';

/** The data of an answer, or `STORE_UNAVAILABLE`: these queries are our own, so any error means a database out of order. */
export function settle<T>(table: string, { data, error }: { data: T; error: { code?: string } | null }): T {
  if (error === null) return data;
  throw new StoreError('STORE_UNAVAILABLE', `table ${table}: the database answered ${error.code || 'nothing'}`);
}
