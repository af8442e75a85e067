const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Longest duration taken, milliseconds: ten years. */
const LONGEST_MS = 10 * 365 * 24 * 3_600_000;

/** Milliseconds of `30s`, `5m` or `1h`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d*)([smh])$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
  return ms <= LONGEST_MS ? ms : undefined;
}

/** What is expected of a duration. */
export const DURATION_EXPECTED = 'a whole number above 0 with s, m or h, such as "30s"';
