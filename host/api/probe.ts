/** Asks the parts that a host leans on whether they answer. */

/** Named questions; each resolves when the part answers. */
type Checks = ReadonlyMap<string, () => Promise<void>>;

/** How a part answered. */
interface Probed {
  readonly status: 'up' | 'down';
  /** Until it answered, or was given up. */
  readonly latencyMs: number;
}

const TIMEOUT_MS = 2000;
/** Anybody may ask: the parts are not asked more often than this. */
const KEPT_MS = 1000;

interface Kept {
  readonly at: number;
  readonly answers: Promise<ReadonlyMap<string, Probed>>;
}

const kept = new WeakMap<Checks, Kept>();

/** How each part answers, or answered within the last second. Takes two seconds at most, and does not reject. */
export function probe(checks: Checks): Promise<ReadonlyMap<string, Probed>> {
  const now = performance.now();
  const last = kept.get(checks);
  if (last && now - last.at < KEPT_MS) return last.answers;
  const answers = ask(checks);
  kept.set(checks, { at: now, answers });
  return answers;
}

async function ask(checks: Checks): Promise<ReadonlyMap<string, Probed>> {
  return new Map(await Promise.all([...checks].map(async ([name, check]) => [name, await answerOf(check)] as const)));
}

async function answerOf(check: () => Promise<void>): Promise<Probed> {
  const since = performance.now();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer')), TIMEOUT_MS);
  const status = await Promise.race([check(), late.promise]).then(
    () => 'up' as const,
    () => 'down' as const,
  );
  clearTimeout(timer);
  return { status, latencyMs: Math.round((performance.now() - since) * 10) / 10 };
}
