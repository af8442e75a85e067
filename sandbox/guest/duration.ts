const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_557_600_000,
};

const WORDS: Readonly<Record<string, string>> = {
  '': 'ms',
  msec: 'ms',
  msecs: 'ms',
  millisecond: 'ms',
  milliseconds: 'ms',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
  week: 'w',
  weeks: 'w',
  yr: 'y',
  yrs: 'y',
  year: 'y',
  years: 'y',
};

const TEXT = /^(-?\d*\.?\d+) *([a-z]*)$/i;

/** Milliseconds of a number or of a text such as `5 seconds`, `1.5h`, `250`. Throws a `TypeError` for anything else. */
export function millisecondsOf(duration: unknown): number {
  if (typeof duration === 'number' && Number.isFinite(duration)) return duration;
  const [, amount, word = ''] = (typeof duration === 'string' && TEXT.exec(duration)) || [];
  const unit = word.toLowerCase();
  const factor = UNITS[WORDS[unit] ?? unit];
  if (amount === undefined || factor === undefined)
    throw new TypeError(`Invalid duration string: '${String(duration)}'`);
  return Number(amount) * factor;
}
