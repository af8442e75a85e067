import type { SupabaseClient } from '@supabase/supabase-js';
import { StoreError } from './error.ts';
import type { Row } from './row.ts';
import { same } from './same.ts';
import type { Sealer } from './secrets.ts';
import { settle } from './settle.ts';
import { mapValues, parseSettings, type Tenant } from './tenant.ts';

/** Keeps tenants. Every method throws `STORE_UNAVAILABLE`. */
export interface TenantStore {
  /** Null when there is no such tenant. Secrets come decrypted. Throws `TENANT_INVALID`, `SECRET_UNREADABLE`. */
  getTenant(id: string): Promise<Tenant | null>;
  /** Writes the whole row; values of secrets are encrypted. Throws `SECRET_KEY_MISSING`. */
  upsertTenant(tenant: Tenant): Promise<void>;
  /** As `getTenant`, for people: values of secrets stay as they are kept, so that none has to open. */
  showTenant(id: string): Promise<Tenant | null>;
  /** By id, those after one, values of secrets as they are kept. A row that cannot be understood throws `TENANT_INVALID`. */
  listTenants(query: { readonly after?: string; readonly atMost: number }): Promise<readonly Tenant[]>;
  /** False when there is none. */
  deleteTenant(id: string): Promise<boolean>;
}

const TABLE = 'tenants';

/** The table `tenants`. Without a sealer, tenants with values of secrets can be neither written nor read. */
export function tenantTable(client: SupabaseClient, sealer: Sealer | null): TenantStore {
  const showTenant = async (id: string): Promise<Tenant | null> => {
    const rows = settle(TABLE, await client.from(TABLE).select('*').filter('id', 'in', same(id)).limit(1));
    return rows?.[0] === undefined ? null : readRow(rows[0]);
  };
  return {
    showTenant,

    async getTenant(id) {
      const tenant = await showTenant(id);
      return tenant && withSecrets(tenant, (value, place) => need(sealer, place).open(value, place));
    },

    async upsertTenant(tenant) {
      const { id, name, organizationId, settings } = withSecrets(tenant, (value, place) =>
        need(sealer, place).seal(value, place),
      );
      settle(TABLE, await client.from(TABLE).upsert({ id, name, organization_id: organizationId, settings }));
    },

    async listTenants({ after, atMost }) {
      const all = client.from(TABLE).select('*');
      const page = after === undefined ? all : all.or(`id.gt."${after.replaceAll('\0', '').replace(/["\\]/g, '')}"`);
      return (settle(TABLE, await page.order('id').limit(atMost)) ?? []).map(readRow);
    },

    async deleteTenant(id) {
      return (
        (settle(TABLE, await client.from(TABLE).delete().filter('id', 'in', same(id)).select('id')) ?? []).length > 0
      );
    },
  };
}

function readRow({ id, name, organization_id: organizationId, settings }: Row): Tenant {
  if (typeof id !== 'string' || typeof name !== 'string' || typeof organizationId !== 'string') {
    throw new StoreError('TENANT_INVALID', `tenant ${String(id)}: expected a name and an organization_id`);
  }
  return { id, name, organizationId, settings: parseSettings(settings, id) };
}

/** The tenant and alias are sealed in with the value: copied to another row, it does not open. */
function withSecrets(tenant: Tenant, change: (value: string, place: string) => string): Tenant {
  const secrets = mapValues(tenant.settings.secrets, (secret, alias) =>
    secret.value === null ? secret : { ...secret, value: change(secret.value, `tenant ${tenant.id}: secret ${alias}`) },
  );
  return { ...tenant, settings: { ...tenant.settings, secrets } };
}

function need(sealer: Sealer | null, place: string): Sealer {
  if (sealer === null) throw new StoreError('SECRET_KEY_MISSING', `${place}: the store has no key for secrets`);
  return sealer;
}
