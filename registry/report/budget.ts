/** What the files of one project may cost together, so that many bad ones are no worse than one. Counts down. */
export class Budget {
  /** Problems that are kept. */
  problems = 10_000;
  /** Words that are compared to find what a misspelt one may mean: some microseconds each. */
  comparisons = 20_000;
  /** Tokens of YAML: some microseconds of the host's own thread each, and a hundred bytes for as long as the project is open. */
  tokens = 1_000_000;
}
