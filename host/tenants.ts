/** What a run of a tenant may do: what its project declares, cut down to what the tenant is granted. */
import { readFile } from 'node:fs/promises';
import { effectiveGrants, type Plan, type PlanActivity, parseTenants, type TenantSettings } from '../registry/index.ts';
import { DEFAULT_LIMITS, type Limits } from '../sandbox/index.ts';
import type { Grants } from './broker/capability.ts';
