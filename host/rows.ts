/** The registry's tables of a Supabase, under the host's own key. */
import { createClient } from '@supabase/supabase-js';
import { createStore, type Store } from '../registry/index.ts';

/** Opens the tables. `secretKey`: 32 bytes, for tenants' secrets. Holds nothing open. */
export function openRows(
  { url, serviceRoleKey }: { readonly url: string; readonly serviceRoleKey: string },
  secretKey?: Uint8Array,
): Store {
  const client = createClient(url, serviceRoleKey, { auth: { persistSession: false, autoRefreshToken: false } });
  return createStore({ client, ...(secretKey !== undefined && { secretKey }) });
}
