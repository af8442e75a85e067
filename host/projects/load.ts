/** Memory and CPU of the host between two looks. */
export class Load {
  #cpu = process.cpuUsage();
  #at = performance.now();

  /** MiB now, and percent of one CPU since the last look. */
  now(): { readonly memoryMb: number; readonly cpuPercent: number } {
    const { user, system } = process.cpuUsage(this.#cpu);
    const at = performance.now();
    const cpuPercent = Math.round((user + system) / 10 / Math.max(1, at - this.#at));
    this.#cpu = process.cpuUsage();
    this.#at = at;
    return { memoryMb: Math.round(process.memoryUsage.rss() / 2 ** 20), cpuPercent };
  }
}
