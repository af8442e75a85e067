/** Transactions and batches. The library walks the entries; that a transaction is all or nothing is ours. */
import { OperationOutcomeError } from '@medplum/core';
import { type FhirRouter, processBatch } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, OperationOutcome } from '@medplum/fhirtypes';
import { refuse } from './outcome.ts';
import type { Repository } from './repository.ts';
import { isRecord } from './resource.ts';

const MAX_ENTRIES = 5000;
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** Statuses of a failing entry that are the whole transaction's too; any other becomes 400. */
const KEPT_IDS = new Set(['conflict', 'precondition-failed', 'multiple-matches']);

/**
 * Runs a bundle. A batch reports per entry. A transaction with a failing entry throws that entry's refusal, with its number,
 * and has changed nothing.
 */
export async function runBundle(body: unknown, repository: Repository, router: FhirRouter): Promise<Bundle> {
  const bundle = parseBundle(body);
  const entries = bundle.entry ?? [];
  if (entries.length === 0) return { resourceType: 'Bundle', type: `${bundle.type}-response` as Bundle['type'] };
  // The library's own transactions take 50 updates at most, and 8 entries when one is conditional. So it runs the
  // entries as those of a batch, which has neither limit, inside a transaction of the store.
  const request = { method: 'POST', url: '', pathname: '', body: bundle, params: {}, query: {} } as const;
  const run = () => processBatch({ ...request, config: { transactions: false } }, repository, router, bundle);
  if (bundle.type === 'batch') return run();
  checkOnce(entries);
  return repository.withTransaction(async () => {
    const answers = await run();
    const failed = (answers.entry ?? []).findIndex(({ response }) => Number(response?.status ?? 500) >= 400);
    if (failed >= 0) throw new OperationOutcomeError(named(failed, answers.entry?.[failed]));
    return answers;
  });
}

function parseBundle(body: unknown): Bundle {
  if (!isRecord(body) || body.resourceType !== 'Bundle') throw refuse('expected a Bundle');
  const { type, entry = [] } = body;
  if (type !== 'transaction' && type !== 'batch') throw refuse('expected a Bundle of type transaction or batch');
  if (!Array.isArray(entry)) throw refuse('Bundle.entry is a list');
  if (entry.length > MAX_ENTRIES) throw refuse(`a Bundle has at most ${MAX_ENTRIES} entries`);
  for (const [index, each] of entry.entries()) {
    const request: unknown = isRecord(each) ? each.request : undefined;
    if (!isRecord(request) || typeof request.url !== 'string' || !METHODS.has(String(request.method))) {
      throw refuse('an entry has a request with method and url', `Bundle.entry[${index}]`);
    }
  }
  return body as unknown as Bundle;
}

/** R4: no resource may be changed twice in one transaction. */
function checkOnce(entries: readonly BundleEntry[]): void {
  const seen = new Set<string>();
  for (const [index, { request }] of entries.entries()) {
    if (request?.method === 'GET' || request?.method === 'POST') continue;
    const url = request?.url ?? '';
    if (seen.has(url)) throw refuse('the resource occurs twice in this transaction', `Bundle.entry[${index}]`);
    seen.add(url);
  }
}

function named(index: number, entry: BundleEntry | undefined): OperationOutcome {
  const outcome = entry?.response?.outcome as OperationOutcome | undefined;
  const { id, issue = [] } = outcome ?? {};
  return {
    resourceType: 'OperationOutcome',
    ...(id !== undefined && KEPT_IDS.has(id) ? { id } : {}),
    issue: issue.map((each) => ({
      ...each,
      diagnostics: `entry ${index} failed, nothing was changed`,
      expression: [`Bundle.entry[${index}]`],
    })),
  };
}
