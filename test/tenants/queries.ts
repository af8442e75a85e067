/** Generates calls of `db.request` that are after another tenant: as the query builder makes them, and raw ones. */
import fc from 'fast-check';

/** Calls on the query builder, one after the other: `[['from', 'notes'], ['select', '*']]`. */
export type Step = readonly [method: string, ...args: unknown[]];

/** A call: steps of the builder, or the arguments of `db.request` as they are. `$own` in it stands for the attacker. */
export type Query =
  | { readonly kind: string; readonly steps: readonly Step[] }
  | { readonly kind: string; readonly args: unknown };

/** The victim, and ids: of its rows, of rows that each tenant has under the same id, of the attacker's alone, of nobody's. */
export const VICTIM = 'tenant-b';
export const IDS = {
  foreign: ['bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002'],
  shared: ['cccccccc-0000-4000-8000-000000000001'],
  own: ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'],
  missing: ['dddddddd-0000-4000-8000-000000000001'],
} as const;

/**
 * Besides `notes`: rows that refer to notes. As `notes` has it, the tenant is part of every key. `peek` is a function that
 * scripts are granted.
 */
export const TABLES = `
create table tasks (
  tenant_id text not null,
  id text not null,
  note uuid,
  title text,
  n integer,
  primary key (tenant_id, id),
  foreign key (tenant_id, note) references notes (tenant_id, id) on delete cascade
);
alter table tasks enable row level security;
alter table tasks force row level security;
create policy tasks_own on tasks for all to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id') with check (tenant_id = auth.jwt() ->> 'tenant_id');
grant select, insert, update, delete on tasks to authenticated, service_role;
`;

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: rare });

const id = oneOf(...IDS.foreign, ...IDS.foreign, ...IDS.shared, ...IDS.own, ...IDS.missing);
const taskId = oneOf('t1', 't2', 't3');
const tenant = oneOf(VICTIM, VICTIM, VICTIM, '$own', '$own', 'nobody');
/** Whose a row that is written claims to be. */
const owner = oneOf(VICTIM, '$own', '$own', '$own');
const odd = oneOf(
  '',
  '*',
  '%',
  '(',
  '"',
  '\\',
  `${VICTIM}"`,
  '{}',
  '$1',
  "' or 1=1 --",
  `x),or(tenant_id.eq.${VICTIM}`,
);
const text = fc.oneof(oneOf('x', 'own', 'secret', '1', 'true'), odd, fc.string({ maxLength: 12 }));
const number = fc.integer({ min: -3, max: 9 });

/** A table of the attacker's with its columns, each with values that it takes. */
interface Kind {
  readonly table: string;
  readonly column: fc.Arbitrary<string>;
  /** A column and a value, which fit one another but for a few. */
  readonly match: fc.Arbitrary<readonly [column: string, value: unknown]>;
  readonly selected: fc.Arbitrary<string>;
  readonly row: fc.Arbitrary<Record<string, unknown>>;
  readonly conflict: fc.Arbitrary<string>;
  readonly embedded: string;
}

const pairOf = (column: string, value: fc.Arbitrary<unknown>) => value.map((given) => [column, given] as const);
const wrong = fc.tuple(
  oneOf('id', 'n', 'nope', 'body', 'notes.id', 'tenants.id'),
  fc.oneof(text, tenant, fc.constant(null)),
);
const refusedColumns = oneOf(
  '*,tenants(*)',
  'id,audit_events(*)',
  'id,"tenants"(id)',
  'id::regclass',
  'nope',
  'count()',
  '*,tasks(*)',
  '*,notes(*)',
);

const NOTES: Kind = {
  table: 'notes',
  column: oneOf('id', 'tenant_id', 'created_at', 'body->>secret'),
  match: mostly(
    fc.oneof(pairOf('id', id), pairOf('tenant_id', tenant), pairOf('body->>text', text), pairOf('body->>secret', text)),
    wrong,
  ),
  selected: mostly(
    oneOf('*', 'id', 'tenant_id', 'tenant_id::text,id', 'x:tenant_id,body', 'body->secret', 'body->>text'),
    refusedColumns,
  ),
  row: fc.record({ id, tenant_id: owner, body: fc.record({ text, secret: text }) }, { requiredKeys: ['tenant_id'] }),
  conflict: oneOf('tenant_id,id', 'tenant_id,id', 'tenant_id,id', 'id', 'tenant_id', 'body'),
  embedded: 'tasks',
};
const TASKS: Kind = {
  table: 'tasks',
  column: oneOf('id', 'tenant_id', 'title', 'n', 'note'),
  match: mostly(
    fc.oneof(
      pairOf('id', taskId),
      pairOf('tenant_id', tenant),
      pairOf('title', text),
      pairOf('n', number),
      pairOf('note', id),
    ),
    wrong,
  ),
  selected: mostly(
    oneOf('*', 'id', 'tenant_id', 'title,n', 'who:tenant_id', 'note::text', 'n::text,id'),
    refusedColumns,
  ),
  row: fc.record(
    { id: taskId, tenant_id: owner, title: text, n: number, note: id },
    { requiredKeys: ['tenant_id', 'id'] },
  ),
  conflict: oneOf('tenant_id,id', 'tenant_id,id', 'tenant_id,id', 'id', 'title'),
  embedded: 'notes',
};

/** Filter text as `.or()` takes it, and as a value may try to smuggle it in. */
function logicOf({ match, embedded }: Kind): fc.Arbitrary<string> {
  const operator = oneOf('eq', 'eq', 'neq', 'gt', 'lte', 'not.eq', 'in', 'is');
  const single = fc
    .tuple(match, operator)
    .map(([[column, value], by]) => `${column}.${by}.${by === 'in' ? `(${value})` : value}`);
  const several = fc
    .tuple(oneOf('and', 'or', 'not.and'), single, single)
    .map(([by, one, other]) => `${by}(${one},${other})`);
  const smuggled = oneOf(
    `tenant_id.eq.${VICTIM}`,
    'id.not.is.null,tenant_id.neq.$own',
    `and(tenant_id.eq.${VICTIM},id.not.is.null)`,
    `x),or(tenant_id.eq.${VICTIM}`,
    `"x","\\"),tenant_id.eq.${VICTIM}`,
    `${embedded}.tenant_id.eq.${VICTIM}`,
  );
  return fc.oneof(
    { weight: 3, arbitrary: single },
    { weight: 2, arbitrary: several },
    { weight: 2, arbitrary: smuggled },
  );
}

function filterOf(kind: Kind): fc.Arbitrary<Step> {
  const { match, embedded } = kind;
  const logic = logicOf(kind);
  return fc.oneof(
    fc
      .tuple(oneOf('eq', 'eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike'), match)
      .map(([by, [on, value]]): Step => [by, on, value]),
    fc
      .array(match, { minLength: 1, maxLength: 3 })
      .map((list): Step => ['in', list[0]?.[0], list.map(([, value]) => value)]),
    fc
      .tuple(match, oneOf('eq', 'is', 'in'))
      .map(([[on, value], by]): Step => ['not', on, by, by === 'in' ? `(${value})` : by === 'is' ? null : value]),
    fc
      .tuple(match, oneOf('in', 'eq', 'not.eq', 'neq'), logic)
      .map(([[on], by, given]): Step => ['filter', on, by, by === 'in' ? `(${given})` : given]),
    {
      weight: 3,
      arbitrary: mostly(
        logic.map((given): Step => ['or', given]),
        logic.map((given): Step => ['or', given, { referencedTable: embedded }]),
      ),
    },
    match.map(([on, value]): Step => ['match', { [on]: value }]),
    fc.constant<Step>(['not', 'tenant_id', 'eq', '$own']),
  );
}

function modifierOf({ column }: Kind): fc.Arbitrary<Step> {
  return mostly(
    fc.oneof(
      fc.tuple(column, fc.boolean()).map(([on, ascending]): Step => ['order', on, { ascending }]),
      oneOf<Step>(['order', 'id'], ['order', 'tenant_id']),
      oneOf<Step>(['single'], ['maybeSingle'], ['csv'], ['rollback']),
    ),
    oneOf<Step>(['explain'], ['order', 'id', { referencedTable: 'tenants' }], ['geojson']),
  );
}

/** A limit needs an order that is total: which rows it leaves out is else the table's own affair. */
const page = oneOf<readonly Step[]>(
  [],
  [],
  [
    ['order', 'id'],
    ['limit', 1],
  ],
  [
    ['order', 'id'],
    ['limit', 100_000],
  ],
  [
    ['order', 'id'],
    ['range', 0, 1],
  ],
  [
    ['order', 'id'],
    ['range', 1, 4],
  ],
);
const count = oneOf(undefined, 'exact', 'planned', 'estimated');
const back = (columns: string | null): Step[] => (columns === null ? [] : [['select', columns]]);

function built(kind: Kind, table: string): fc.Arbitrary<Query> {
  const { selected, row, conflict } = kind;
  const filters = fc.array(filterOf(kind), { maxLength: 3 });
  const rows = fc.array(row, { minLength: 1, maxLength: 3 });
  const shown = fc.oneof(fc.constant(null), selected);
  const from: Step = ['from', table];
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(selected, count, fc.boolean(), filters, fc.array(modifierOf(kind), { maxLength: 1 }), page)
        .map(
          ([columns, counted, head, where, more, some]): Query => ({
            kind: head ? 'builder count' : 'builder select',
            steps: [from, ['select', columns, { count: counted, head }], ...where, ...more, ...some],
          }),
        ),
    },
    fc.tuple(rows, count, shown).map(
      ([given, counted, columns]): Query => ({
        kind: 'builder insert',
        steps: [from, ['insert', given, { count: counted }], ...back(columns)],
      }),
    ),
    fc.tuple(rows, conflict, fc.boolean(), shown).map(
      ([given, onConflict, ignoreDuplicates, columns]): Query => ({
        kind: 'builder upsert',
        steps: [from, ['upsert', given, { onConflict, ignoreDuplicates }], ...back(columns)],
      }),
    ),
    fc.tuple(row, count, filters, shown).map(
      ([given, counted, where, columns]): Query => ({
        kind: 'builder update',
        steps: [from, ['update', given, { count: counted }], ...where, ...back(columns)],
      }),
    ),
    fc.tuple(count, filters, shown).map(
      ([counted, where, columns]): Query => ({
        kind: 'builder delete',
        steps: [from, ['delete', { count: counted }], ...where, ...back(columns)],
      }),
    ),
  );
}

const preference = oneOf(
  'return=representation',
  'return=representation',
  'return=minimal',
  'return=headers-only',
  'count=exact',
  'count=planned',
  'count=estimated',
  'resolution=merge-duplicates',
  'resolution=ignore-duplicates',
  'missing=default',
  'handling=strict, max-affected=1',
  'tx=rollback',
);
const headers = mostly<Record<string, string>>(
  fc.record(
    {
      prefer: fc.uniqueArray(preference, { minLength: 1, maxLength: 3 }).map((list) => list.join(', ')),
      accept: oneOf('*/*', 'application/json', 'text/csv', 'application/vnd.pgrst.object+json'),
      'content-type': fc.constant('application/json'),
    },
    { requiredKeys: ['content-type'] },
  ),
  oneOf<Record<string, string>>(
    { 'accept-profile': 'auth' },
    { 'content-profile': 'public' },
    { authorization: 'Bearer x' },
    { accept: 'application/vnd.pgrst.plan+json' },
    { prefer: 'params=single-object' },
    { range: '0-100000' },
    { 'content-type': 'text/csv' },
  ),
);

function raw(kind: Kind, table: string): fc.Arbitrary<Query> {
  const { match, column, row, conflict, selected, embedded } = kind;
  const logic = logicOf(kind);
  const pair = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(match, oneOf('eq', 'neq', 'not.eq', 'gte', 'like'))
        .map(([[on, value], by]) => [on, `${by}.${value}`]),
    },
    {
      weight: 2,
      arbitrary: oneOf(
        ['tenant_id', `in.(${VICTIM},$own)`],
        ['tenant_id', 'not.in.($own)'],
        ['id', 'not.is.null'],
        ['tenant_id', 'like.*'],
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(
        oneOf('or', 'and', 'not.or', 'not.and'),
        logic.map((given) => `(${given})`),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('select'), selected) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('order'),
        column.map((name) => `${name}.desc.nullslast`),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('on_conflict'), conflict) },
    {
      weight: 1,
      arbitrary: oneOf(
        ['apikey', 'x'],
        ['limit', '0'],
        ['limit', '-1'],
        ['offset', '0'],
        [`${embedded}.select`, '*'],
        [`${embedded}.id`, 'not.is.null'],
        ['columns', 'id,tenant_id'],
        ['tenant_id', 'match.^.'],
      ),
    },
  );
  const body = mostly(
    fc.oneof(row, fc.array(row, { minLength: 1, maxLength: 3 })).map((given) => JSON.stringify(given)),
    oneOf(`tenant_id,id\n${VICTIM},${IDS.foreign[0]}`, '{', 'null', '[]', '""', '[[]]'),
  );
  return fc
    .record({
      target: fc.constant({ table }),
      method: oneOf('GET', 'GET', 'HEAD', 'POST', 'POST', 'PATCH', 'DELETE', 'PUT'),
      query: fc.array(pair, { maxLength: 4 }),
      headers,
      body,
    })
    .map((args) => ({ kind: `raw ${args.method}`, args }));
}

const elsewhere = oneOf(
  'tenants',
  'code_versions',
  'cell_kills',
  'auth.users',
  'pg_class',
  'notes?select=*',
  '../auth/v1',
  'rpc/x',
  'Notes',
  '',
);
const call: fc.Arbitrary<Query> = fc
  .tuple(
    oneOf('set_config', 'pg_sleep', 'cloister_role_check', 'dblink', 'notes', 'auth.jwt'),
    fc.dictionary(oneOf('x', 'tenant_id'), text, { maxKeys: 2 }),
    fc.boolean(),
  )
  .map(([fn, args, get]) => ({ kind: 'builder rpc', steps: [['rpc', fn, args, { get }]] }));
const outside = elsewhere
  .chain((table) => fc.oneof(built(NOTES, table), raw(NOTES, table)))
  .map((query) => ({ ...query, kind: 'not granted' }));

/** All kinds: the builder's and raw ones alike often, a few to what is not granted. */
export const queries: fc.Arbitrary<Query> = fc.oneof(
  { weight: 9, arbitrary: fc.oneof(...[NOTES, TASKS].map((kind) => built(kind, kind.table))) },
  { weight: 9, arbitrary: fc.oneof(...[NOTES, TASKS].map((kind) => raw(kind, kind.table))) },
  { weight: 1, arbitrary: outside },
  { weight: 1, arbitrary: call },
);
