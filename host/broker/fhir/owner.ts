/** Whose a resource is: the tenant's base says so to the server, and nothing that a script writes may say otherwise. */
import { denied, isRecord } from './argument.ts';

/** Extensions of `meta` by which Aidbox keeps the owner of a resource, and how far it is shared. */
const OWNERSHIP = 'https://aidbox.app/tenant-';
const OWNER = `${OWNERSHIP}organization-id`;

/** Throws `DENIED` for a resource whose `meta` names another owner than the tenant, or shares it. */
export function checkOwner(resource: unknown, tenant: string | null): void {
  const meta = isRecord(resource) ? resource.meta : undefined;
  const extensions = isRecord(meta) && Array.isArray(meta.extension) ? meta.extension : [];
  for (const each of extensions) {
    const url = isRecord(each) ? each.url : undefined;
    if (typeof url !== 'string' || !url.startsWith(OWNERSHIP)) continue;
    if (url !== OWNER || ownerIn(each) !== `Organization/${tenant}`)
      throw denied('a script may not say whose a resource is');
  }
}

function ownerIn(extension: Record<string, unknown>): unknown {
  return isRecord(extension.valueReference) ? extension.valueReference.reference : undefined;
}
