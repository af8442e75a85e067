/**
 * The host's figures, in Prometheus' form. Labels are words of the host's own tables: no tenant, run, workflow, script or path, so
 * that there are as many series after a year as after a day.
 */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Load } from '../api/health.ts';
import { isFailureCode } from '../codes.ts';
import { showSandbox } from './cells.ts';
import { showProcesses } from './processes.ts';
import { ProjectMeter } from './projects.ts';

const QUICK = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LONG = [0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];
const TRIGGERS = new Set(['manual', 'subscription', 'schedule', 'workflow']);

/** Counts and times what a host does. Every method is cheap and never throws. Seconds throughout. */
export class Meter {
  readonly #registry = new Registry();
  readonly #requests = this.#histogram('http_request_duration_seconds', 'Requests by operation and status.', {
    labels: ['operation', 'status'],
    buckets: QUICK,
  });
  readonly #runsStarted = this.#counter('runs_started_total', 'Runs that began on this host.', ['trigger']);
  readonly #runsClosed = this.#counter('runs_closed_total', 'Runs that ended on this host.', ['outcome']);
  readonly #runs = this.#histogram('run_duration_seconds', 'Runs from start to end.', { labels: [], buckets: LONG });
  readonly #activities = this.#histogram('activity_duration_seconds', 'Attempts of activities, waiting included.', {
    labels: ['kind', 'outcome'],
    buckets: LONG,
  });
  readonly #scripts = this.#counter('scripts_total', 'Scripts run in cells, by how they ended.', ['outcome']);
  readonly #cpu = this.#counter('script_cpu_seconds_total', 'CPU time of scripts.', []);
  readonly #waits = this.#histogram(
    'script_wait_seconds',
    'Scripts waiting for a place in a cell, its start included.',
    {
      labels: [],
      buckets: QUICK,
    },
  );
  readonly #calls = this.#histogram('capability_call_duration_seconds', 'Capability calls by method and outcome.', {
    labels: ['method', 'outcome'],
    buckets: QUICK,
  });
  readonly #kills = this.#counter('script_kills_total', 'Cells that a script ended, by the code of its failure.', [
    'code',
  ]);
  readonly #cache = this.#counter('cache_lookups_total', 'Lookups of plans and bundles in memory.', [
    'cache',
    'result',
  ]);

  /** Of project workers. */
  readonly projects = new ProjectMeter(this.#registry);

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  request(operation: string, status: number, seconds: number): void {
    this.#requests.observe({ operation, status }, seconds);
  }

  runStarted(trigger: string): void {
    this.#runsStarted.inc({ trigger: TRIGGERS.has(trigger) ? trigger : 'other' });
  }

  /** `code` is null for a completed run. */
  runClosed(code: string | null, seconds: number): void {
    this.#runsClosed.inc({ outcome: outcomeOf(code) });
    this.#runs.observe(Math.max(0, seconds));
  }

  /** `kind`: `script`, or the name of a step of the host's, of which there are few. */
  activity(kind: string, code: string | null, seconds: number): void {
    this.#activities.observe({ kind, outcome: outcomeOf(code) }, seconds);
  }

  script(code: string | null, { cpu, waited }: { readonly cpu: number; readonly waited: number }): void {
    this.#scripts.inc({ outcome: outcomeOf(code) });
    this.#cpu.inc(Math.max(0, cpu));
    this.#waits.observe(Math.max(0, waited));
  }

  /** `method` is one that there is; `code` is null for a call that was answered. */
  call(method: string, code: string | null, seconds: number): void {
    this.#calls.observe({ method, outcome: code ?? 'ok' }, seconds);
  }

  kill(code: string): void {
    this.#kills.inc({ code: outcomeOf(code) });
  }

  lookup(cache: 'plan' | 'bundle', wasThere: boolean): void {
    this.#cache.inc({ cache, result: wasThere ? 'hit' : 'miss' });
  }

  /** Shows the sandbox's own figures as they are when somebody asks. */
  watch(load: () => Load): void {
    showSandbox(this.#registry, load);
    showProcesses(this.#registry, load);
  }

  /** All figures as text. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `cloister_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    { labels, buckets }: { readonly labels: L[]; readonly buckets: number[] },
  ): Histogram<L> {
    return new Histogram({ name: `cloister_${name}`, help, labelNames: labels, buckets, registers: [this.#registry] });
  }
}

/** A word of the table of failures; whatever else, `other`. */
function outcomeOf(code: string | null): string {
  if (code === null) return 'completed';
  return isFailureCode(code) ? code : 'other';
}
