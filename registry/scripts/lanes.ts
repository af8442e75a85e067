/** The builder starts a process for each bundle; more of them at once only wait for each other. */
const AT_ONCE = 4;

/** Does a piece of work for each item, a few at once. After a failure nothing new begins; it is thrown when all have ended. */
export async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const open = [...items];
  const lane = async (): Promise<void> => {
    for (let item = open.shift(); item !== undefined; item = open.shift()) await work(item);
  };
  const failing = async (): Promise<void> => {
    try {
      await lane();
    } finally {
      open.length = 0;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, failing));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
