/** Where a page of a list ended that is sorted by time and id, newest first. */
export interface Page {
  /** ISO 8601 with milliseconds. */
  readonly time: string;
  /** UUID. */
  readonly id: string;
}

/** PostgREST's filter for what comes after. Only what has the form of a time and of a UUID is put into it. */
export function pageAfter(column: string, { time, id }: Page): string {
  if (Number.isNaN(Date.parse(time)) || !/^[0-9a-f-]{36}$/.test(id)) throw new TypeError('a page is a time and a UUID');
  const at = new Date(time).toISOString();
  return `${column}.lt.${at},and(${column}.eq.${at},id.lt.${id})`;
}
