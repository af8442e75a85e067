/** The script of the workflows: the same file runs in a cell and in the plain worker. */

/** How many steps, and how much work in each. */
export interface Load {
  readonly steps: number;
  readonly n: number;
}

export const description = 'Computes a number of Fibonacci';

/** Resolves to fib(n). */
export async function main({ n }: Pick<Load, 'n'>): Promise<{ readonly fib: number }> {
  return { fib: fib(n) };
}

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
