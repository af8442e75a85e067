/** `cloister demo`: the billing example on synthetic patients, from a finished encounter to a draft Claim, for two tenants. */
import { join } from 'node:path';
import { type DevelopmentHost, startDevelopment } from '../development.ts';
import { readEnvironment } from '../env.ts';
import type { RunView } from '../runs/view.ts';
import { readArguments } from './command.ts';
import { loadPatients, tenantsIn } from './patients.ts';
import { conclusion } from './run.ts';
import { untilStopped } from './signals.ts';
import { paperOf, TreePrinter } from './tree.ts';

const EXAMPLE = join(import.meta.dirname, '../../docs/examples/billing');
const FORM = {
  usage: 'cloister demo [--keep]',
  values: [],
  flags: ['keep'],
  words: 0,
  help: `Loads synthetic patients of two tenants into an embedded FHIR server and takes an encounter of each to a draft Claim.

  --keep         leaves everything up until Ctrl-C
`,
};

/** Runs the demo. 0 when both tenants have a draft Claim. `--keep` leaves everything up until Ctrl-C. */
export async function demo(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const host = await startDevelopment({ environment: readEnvironment(), projectDir: EXAMPLE, progress: say });
  try {
    say(`\n${host.links}\n`);
    const done = await billEveryone(host, say);
    const code = args.flag('keep') ? await untilStopped(host, say) : 0;
    return done ? code : 1;
  } finally {
    await host.close();
  }
}

async function billEveryone(host: DevelopmentHost, say: (text: string) => void): Promise<boolean> {
  const dataDir = join(EXAMPLE, 'data');
  const { fhirUrl } = host.stack;
  let done = true;
  for (const tenant of await tenantsIn(dataDir)) {
    const { encounterId, patientName } = await loadPatients({ fhirUrl, tenant, dataDir, log: say });
    say(`\nprebill of ${patientName}, encounter ${encounterId}, tenant ${tenant}`);
    const view = await prebill(host, { encounterId, tenantOrganizationId: tenant });
    say(`  ${conclusion(view).trim()}`);
    if (host.stack.temporal?.uiUrl) say(`  ${runLink(host, view)}`);
    const claimId = claimOf(view);
    if (claimId) say(await describeClaim(fhirUrl, tenant, claimId));
    done &&= view.status === 'completed' && claimId !== null;
  }
  return done;
}

async function prebill({ runs, start }: DevelopmentHost, input: Record<string, unknown>): Promise<RunView> {
  const ids = await start('prebill', input);
  const tree = new TreePrinter(paperOf(process.stdout));
  let last: RunView | undefined;
  for await (const view of runs.follow(ids)) {
    tree.show(view);
    last = view;
  }
  if (!last) throw new Error('the run could not be followed');
  return last;
}

function runLink({ stack }: DevelopmentHost, { workflowId, runId }: RunView): string {
  return `${stack.temporal?.uiUrl}/namespaces/${stack.temporal?.namespace}/workflows/${workflowId}/${runId}`;
}

function claimOf(view: RunView): string | null {
  const save = view.activities?.find(({ id }) => id === 'save')?.output as { claimId?: unknown } | null | undefined;
  return typeof save?.claimId === 'string' ? save.claimId : null;
}

interface Claim {
  readonly status?: string;
  readonly identifier?: readonly { readonly value?: string }[];
  readonly total?: { readonly value?: number; readonly currency?: string };
  readonly item?: readonly {
    readonly productOrService?: { readonly coding?: readonly { readonly code?: string; readonly display?: string }[] };
    readonly net?: { readonly value?: number; readonly currency?: string };
  }[];
}

async function describeClaim(fhirUrl: string, tenant: string, id: string): Promise<string> {
  const url = `${fhirUrl}/Organization/${tenant}/fhir/Claim/${id}`;
  const claim = (await (await fetch(url)).json()) as Claim;
  const lines = (claim.item ?? []).map(({ productOrService, net }) => {
    const { code = '', display = '' } = productOrService?.coding?.[0] ?? {};
    return `    ${code.padEnd(10)} ${display.slice(0, 48).padEnd(48)} ${money(net)}`;
  });
  const head = `  Claim/${id}  ${claim.status}  ${claim.identifier?.[0]?.value ?? ''}  total ${money(claim.total)}`;
  return [head, ...lines, `  ${url}`].join('\n');
}

function money(amount: { readonly value?: number; readonly currency?: string } | undefined): string {
  return amount?.value === undefined ? '' : `${amount.value.toFixed(2)} ${amount.currency ?? ''}`.trim();
}
