/** The function that every row calls: JSON in, a small transformation and some arithmetic, JSON out. */

interface Order {
  readonly lines: readonly { readonly code: string; readonly units: number; readonly cents: number }[];
}

interface Priced {
  readonly lines: readonly { readonly code: string; readonly net: number }[];
  readonly total: number;
  readonly check: number;
}

/** Prices each line of the order. `check` is fib(10). */
export function main(order: Order): Priced {
  const lines = order.lines.map(({ code, units, cents }) => ({ code, net: units * cents }));
  return { lines, total: lines.reduce((sum, { net }) => sum + net, 0), check: fib(10) };
}

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
