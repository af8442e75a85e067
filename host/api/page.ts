/** Pages of lists that are sorted by time, newest first: how many, and from where on. */
import { z } from 'zod';
import type { Page } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import { shown } from './query.ts';

const MOST = 200;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The parts of a query that ask for a page. */
export const PAGE_QUERY = {
  limit: z.coerce
    .number({ error: `expected a number from 1 to ${MOST}` })
    .int(`expected a number from 1 to ${MOST}`)
    .min(1, `expected a number from 1 to ${MOST}`)
    .max(MOST, `expected a number from 1 to ${MOST}`)
    .default(50)
    .meta({ description: 'How many at most.' }),
  cursor: z.string().max(200).optional().meta({ description: 'The `nextCursor` of the page before.' }),
};

/** What tells that there are more. */
export const NEXT_CURSOR = z.string().nullable().meta({ description: 'Null: this is the last page.' });

/** Where the page begins. Throws `BODY_INVALID` for a text that is no cursor. */
export function pageOf({ limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined }) {
  if (cursor === undefined) return { atMost: limit };
  const [time = '', id = '', ...more] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  if (more.length === 0 && UUID.test(id) && isTime(time)) return { after: { time, id }, atMost: limit };
  throw new ApiError('BODY_INVALID', 'the query is not valid', {
    where: 'query cursor',
    found: shown(cursor),
    expected: 'the nextCursor of an earlier answer',
  });
}

/** The cursor behind a page; null when it was not full. */
export function cursorAfter(page: readonly Page[], limit: number): string | null {
  const last = page.at(-1);
  return last === undefined || page.length < limit
    ? null
    : Buffer.from(`${last.time} ${last.id}`).toString('base64url');
}

/** PostgreSQL knows no year 0. */
function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && Date.parse(text) >= 0;
}
