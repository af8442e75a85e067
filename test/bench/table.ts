/** The figures as one Markdown table. */
import { type Figure, type Missing, type Spread, spread } from './figures.ts';

const HEAD = ['what', 'median', 'least – most', 'p99 (least – most)', 'n', '÷ direct', '÷ Cloister', 'goal'];

/** Which figures the ratios of calls are taken to. */
export interface Bases {
  readonly direct: string;
  readonly cloister: string;
}

/** The table, a line per figure. */
export function table(lines: readonly (Figure | Missing)[], bases: Bases): string {
  const median = (what: string): number | null => {
    const figure = lines.find((line) => line.what === what);
    return figure && 'rounds' in figure ? spread(figure.rounds).median : null;
  };
  const direct = median(bases.direct);
  const cloister = median(bases.cloister);
  const rows = lines.map((line) => ('rounds' in line ? cells(line, direct, cloister) : absent(line)));
  return [HEAD, HEAD.map((_, column) => (column === 0 ? '---' : '--:')), ...rows].map(row).join('\n');
}

/** A sentence per goal, met or missed. */
export function verdicts(lines: readonly (Figure | Missing)[]): string[] {
  return lines.flatMap((line) => ('rounds' in line ? judge(line) : []));
}

function judge(figure: Figure): string[] {
  const { what, unit, rounds, tails } = figure;
  return judged(figure, spread(rounds), tails && spread(tails)).map(({ name, value, sign, limit, isMet }) => {
    return `${verdict(isMet)}: ${what}, ${name} ${number(value)} ${unit}, goal ${sign} ${limit} ${unit}`;
  });
}

/** A goal beside what was found. */
interface Judged {
  readonly name: 'median' | 'p99';
  readonly value: number;
  readonly sign: '≤' | '≥';
  readonly limit: number;
  readonly isMet: boolean;
}

function judged({ goal = {} }: Figure, { median }: Spread, tail: Spread | undefined): Judged[] {
  const most = (name: Judged['name'], value: number | undefined, limit: number | undefined): Judged[] =>
    value === undefined || limit === undefined ? [] : [{ name, value, sign: '≤', limit, isMet: value <= limit }];
  const { least: limit } = goal;
  const least: Judged[] =
    limit === undefined ? [] : [{ name: 'median', value: median, sign: '≥', limit, isMet: median >= limit }];
  return [...most('median', median, goal.median), ...least, ...most('p99', tail?.median, goal.tail)];
}

const verdict = (isMet: boolean): string => (isMet ? 'met' : '**missed**');

function cells(figure: Figure, direct: number | null, cloister: number | null): string[] {
  const { what, unit, rounds, tails, n, isCall } = figure;
  const whole = spread(rounds);
  const ratio = (base: number | null): string => (isCall && base !== null ? number(whole.median / base) : '');
  const tail = tails && spread(tails);
  return [
    what,
    `**${number(whole.median)}** ${unit}`,
    range(whole),
    tail ? `${number(tail.median)} (${range(tail)})` : '',
    String(n),
    ratio(direct),
    ratio(cloister),
    goals(figure, whole, tail),
  ];
}

function absent({ what, reason }: Missing): string[] {
  return [what, `not available here: ${reason}`, '', '', '', '', '', ''];
}

function goals(figure: Figure, whole: Spread, tail: Spread | undefined): string {
  const told = judged(figure, whole, tail).map(({ name, sign, limit, isMet }) => {
    return `${name === 'median' ? '' : `${name} `}${sign} ${limit}: ${verdict(isMet)}`;
  });
  return told.join('; ');
}

function range({ min, max }: Spread): string {
  return `${number(min)} – ${number(max)}`;
}

/** Three digits that count. */
function number(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function row(values: readonly string[]): string {
  return `| ${values.map((value) => value.replaceAll('|', '\\|')).join(' | ')} |`;
}
