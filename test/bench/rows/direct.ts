/** No sandbox at all: what the others add to. */
import type { Contender } from '../contender.ts';

export const direct: Contender = {
  name: 'direct call, no sandbox',
  calls: 2_000,
  open: async ({ direct }) => ({ call: direct, close: async () => undefined }),
};
