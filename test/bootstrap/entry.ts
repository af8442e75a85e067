/** What the bootstrap's tests run: does as its first argument says. */
export async function main(argv: string[]): Promise<number> {
  if (argv[0] === 'stay') process.once('SIGTERM', () => process.exit(7));
  console.log(JSON.stringify({ argv, pid: process.pid, version: process.version }));
  if (argv[0] !== 'stay') return Number(argv[0] ?? 0);
  return new Promise(() => setInterval(() => {}, 1000));
}
