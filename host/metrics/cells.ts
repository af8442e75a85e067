/** Figures that the sandbox keeps itself: cells, memory, what waits, and what its rings have ended. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { SandboxStats } from '../../sandbox/index.ts';
import type { Load } from '../api/health.ts';

const MIB = 2 ** 20;

/** Shows them in a registry, as they are when somebody asks. Call it once for each registry. */
export function showSandbox(registry: Registry, load: () => Load): void {
  const gauge = (name: string, help: string, collect?: () => void) =>
    new Gauge({ name: `cloister_${name}`, help, registers: [registry], ...(collect && { collect }) });
  const counter = <L extends string>(name: string, help: string, label: L) =>
    new Counter({ name: `cloister_${name}`, help, labelNames: [label], registers: [registry] });
  // Figures are collected in the order in which they were made: the first reads for all.
  const cells = gauge('cells', 'Cell processes that belong to a key.', () => read(load()));
  const low = gauge('cells_low', 'Cells at a low priority because of the CPU time they have burnt.');
  const running = gauge('isolates', 'Scripts that run in cells now, each in an isolate of its own.');
  const resident = gauge('cells_resident_memory_bytes', 'Resident memory of all cells.');
  const limit = gauge('cells_memory_limit_bytes', 'Memory that cells may take together.');
  const reserved = gauge('cells_memory_reserved_bytes', 'Memory that the present cells may take.');
  const queued = gauge('scripts_queued', 'Scripts that wait for a place in the sandbox.');
  const held = gauge('scripts_waiting', 'Scripts that wait because the queue of their tenant is full.');
  const killed = counter('cells_killed_total', 'Cells that were ended or ended by themselves.', 'reason');
  const codes = counter(
    'code_cache_lookups_total',
    'Scripts by whether their cell had compiled their bundle before.',
    'result',
  );
  const ended = counter('ring_ends_total', 'Scripts ended by a ring within their cell.', 'ring');

  function read({ sandbox, waiting }: Load): void {
    const sum = (of: (cell: SandboxStats['cells'][number]) => number): number =>
      sandbox.cells.reduce((total, cell) => total + of(cell), 0);
    cells.set(sandbox.cells.length);
    low.set(sum(({ isLow }) => Number(isLow)));
    running.set(sum((cell) => cell.running));
    resident.set(sum(({ rssMb }) => rssMb) * MIB);
    limit.set(sandbox.memoryMb.limit * MIB);
    reserved.set(sandbox.memoryMb.reserved * MIB);
    queued.set(sandbox.queued);
    held.set(waiting);
    const { killed: deaths, ...rings } = sandbox.ends;
    takeOver(killed, 'reason', deaths);
    takeOver(codes, 'result', { hit: sandbox.codes.hits, miss: sandbox.codes.misses });
    takeOver(ended, 'ring', rings);
  }
}

/** The sandbox has counted already. */
function takeOver<L extends string>(counter: Counter<L>, label: L, figures: Readonly<Record<string, number>>): void {
  counter.reset();
  for (const [word, figure] of Object.entries(figures)) counter.inc({ [label]: word } as Record<L, string>, figure);
}
