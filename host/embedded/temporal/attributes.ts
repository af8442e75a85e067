/** The search attributes that every run carries, and their registration at a server that is not ours. */
import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

/** Names of the search attributes of a run, all of type Keyword. */
export const SEARCH_ATTRIBUTES = [
  'CloisterWorkflow',
  'CloisterBranch',
  'CloisterTenant',
  'CloisterCommit',
  'CloisterTrigger',
] as const;

/**
 * Registers the attributes that `namespace` lacks. Rejects with the server's error when that is not permitted (Temporal
 * Cloud wants them added by hand).
 */
export async function ensureAttributes(connection: Connection, namespace: string): Promise<void> {
  const missing = await missingAttributes(connection, namespace);
  if (missing.length === 0) return;
  const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
  });
}

/** Those of `SEARCH_ATTRIBUTES` that the namespace does not know yet. Rejects while the namespace does not exist. */
export async function missingAttributes(connection: Connection, namespace: string): Promise<readonly string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return SEARCH_ATTRIBUTES.filter((name) => customAttributes?.[name] === undefined);
}
