import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves as soon as `condition` holds; rejects when it does not within `limitMs`. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`not so within ${limitMs} ms: ${condition}`);
    await sleep(50);
  }
}
