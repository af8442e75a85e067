/** Defences of the build, of installation and of reading projects, in the form of `builds.ts`. */
import type { Weakening } from './builds.ts';
import type { Edit } from './copy.ts';

const edit = (file: string, from: string, to: string): Edit => ({ file, from, to });

const UNEQUAL = /Expected values? to be deeply equal/;
const UNMATCHED = /Expected value to match/;

export const COMPILE_BUILDS: readonly (readonly Weakening[])[] = [
  [
    {
      defence: 'walls of the process that builds',
      edits: [
        edit(
          'sandbox/process.ts',
          "'--liftoff-only', ...readable",
          "'--liftoff-only', '--allow-fs-read=*', ...readable",
        ),
      ],
      red: { 'CMP-01c': /the attacker sees the file/ },
    },
    {
      defence: 'a build opens no file',
      edits: [
        edit(
          'sandbox/build/loader.ts',
          'const reply = await asker.ask(questionOf(args, key));',
          "try { require('node:fs').statSync(args.path); } catch {}\n  const reply = await asker.ask(questionOf(args, key));",
        ),
      ],
      red: { 'CMP-01b': UNEQUAL },
    },
    {
      defence: 'links of a folder end at its edge',
      edits: [edit('registry/source/folder.ts', 'return real?.startsWith(base + sep) ? real : null;', 'return real;')],
      red: { 'CMP-02b': /the attacker sees the file/ },
    },
    {
      defence: 'of a commit only regular files are read',
      edits: [edit('registry/source/commit.ts', '/^100(?:644|755) blob', '/^1\\d{5} blob')],
      red: { 'CMP-02c': UNEQUAL },
    },
    {
      defence: 'node_modules that is a link must have been installed for this project',
      edits: [
        edit(
          'registry/packages/read.ts',
          '(found.isSymbolicLink() && !(await isInstalled(dir)))',
          '!(await isInstalled(dir) || true)',
        ),
      ],
      red: { 'CMP-04d': /IMPORT_UNKNOWN/ },
    },
    {
      defence: 'sizes of sources',
      edits: [edit('sandbox/answers.ts', 'bytes > MAX_FILE_BYTES || this.#given > MAX_INPUT_BYTES', 'bytes < 0')],
      red: { 'CMP-05': /a frame of \d+ bytes is over the cap/ },
    },
    {
      defence: 'names of sources are those of the build',
      edits: [
        edit('sandbox/build/bundle.ts', 'inputs.has(source) ? plainPath(source) : FOREIGN_SOURCE', 'plainPath(source)'),
      ],
      red: { 'CMP-07b': UNMATCHED },
    },
    {
      defence: 'a process builds for one project',
      edits: [edit('sandbox/builder.ts', 'last.owner === owner', 'last.owner !== null')],
      red: { 'CMP-15': UNEQUAL },
    },
    {
      defence: 'no import of a computed name',
      edits: [edit('sandbox/build/bundle.ts', "new Set(['unsupported-dynamic-import'])", 'new Set()')],
      red: { 'CMP-14': /import\(\) of a computed name must be refused/ },
    },
    {
      defence: 'a build that was ended is not tried again at once',
      edits: [edit('registry/scripts/cache.ts', 'const ENDED_MS = 60_000;', 'const ENDED_MS = -1;')],
      red: { 'CMP-08g': /\d ms after \d/ },
    },
    {
      defence: 'problems are printable',
      edits: [edit('registry/problem.ts', '.replace(UNPRINTABLE,', '.replace(/^$/,')],
      red: { 'CMP-16': UNMATCHED },
    },
  ],
  [
    {
      defence: 'few builds of one project that are ended',
      edits: [edit('registry/scripts/builder.ts', 'const MOST_ENDED = 3;', 'const MOST_ENDED = 3e9;')],
      red: { 'CMP-08g': /Expected value to be truthy/ },
    },
    {
      defence: 'dependencies come from a registry (npm itself would still start no git)',
      edits: [
        edit(
          'registry/packages/install.ts',
          'requireOrigins({ manifest',
          'if (locks.length > 9) requireOrigins({ manifest',
        ),
      ],
      red: { 'CMP-10': /git\+file/, 'CMP-11': /other/, 'CMP-12': /cache/ },
    },
    {
      defence: 'filters of a repository',
      edits: [
        edit(
          'registry/source/open.ts',
          'settings: await withoutFilters(dir)',
          'settings: (await withoutFilters(dir)).slice(0, 0)',
        ),
      ],
      red: { 'CMP-13': /a program of the repository was started/ },
    },
  ],
  [
    {
      defence: 'values of a YAML file',
      edits: [edit('registry/yaml/document.ts', 'MAX_YAML_NODES = 20_000', 'MAX_YAML_NODES = 200_000')],
      red: { 'YML-01': UNMATCHED },
    },
    {
      defence: 'depth of a YAML file',
      edits: [edit('registry/yaml/document.ts', 'MAX_YAML_DEPTH = 64', 'MAX_YAML_DEPTH = 640')],
      red: { 'YML-03': /expected \/more than 64 levels/ },
    },
    {
      defence: 'keys that name the prototype',
      edits: [edit('registry/yaml/document.ts', "new Set(['__proto__', '<<'])", "new Set(['~~'])")],
      red: { 'YML-02': /expected \/the key/ },
    },
    {
      defence: 'tags beyond the core schema',
      edits: [edit('registry/yaml/document.ts', '[...document.errors, ...document.warnings]', '[...document.errors]')],
      red: { 'YML-04': /expected \/YAML_SYNTAX/ },
    },
    {
      defence: 'keys stand once',
      edits: [edit('registry/yaml/document.ts', 'if (seen.has(key))', "if (seen.has(key) && key === '~~')")],
      red: { 'YML-05b': /expected \/.*the key/ },
    },
    {
      defence: 'cycles of a tree',
      edits: [
        edit(
          'registry/workflow/tree.ts',
          'for (const cycle of findCycles(nodes, byId))',
          'for (const cycle of findCycles([], byId))',
        ),
      ],
      red: { 'YML-06': /expected \/TREE_CYCLE/ },
    },
    {
      defence: 'cycles of workflows',
      edits: [edit('registry/project.ts', '  checkChildCycles(workflows);', '  checkChildCycles(new Map());')],
      red: { 'YML-06b': /Expected values to be strictly equal/ },
    },
    {
      defence: 'number of activities',
      edits: [edit('registry/workflow/source.ts', 'MAX_ACTIVITIES = 2_000', 'MAX_ACTIVITIES = 20_000')],
      red: { 'YML-07': /expected \/at most 2000 activities/ },
    },
    {
      defence: 'forms of expressions',
      edits: [
        edit(
          'registry/workflow/expression.ts',
          '  return null;\n}\n\nfunction segments',
          "  return { kind: 'literal', value };\n}\n\nfunction segments",
        ),
      ],
      red: { 'YML-08': /expected \/EXPRESSION_SYNTAX/, 'YML-09': /expected \/EXPRESSION_SYNTAX/ },
    },
    {
      defence: 'paths see own properties only',
      edits: [
        edit('host/temporal/workflows/template.ts', 'HIDDEN.has(segment)', "segment === '~~'"),
        edit('host/temporal/workflows/template.ts', 'Object.hasOwn(value, segment)', 'segment in value'),
      ],
      red: { 'YML-08b': UNEQUAL },
    },
    {
      defence: 'origins exist',
      edits: [edit('registry/declaration.ts', 'ORIGIN.test(text) && urlOf(text) !== null', 'ORIGIN.test(text)')],
      red: { 'YML-12': /expected \/FIELD_TYPE/ },
    },
  ],
  [
    {
      defence: 'packages stay inside node_modules',
      edits: [edit('registry/packages/read.ts', '!real.startsWith(root + sep)', "!real.startsWith('/')")],
      red: { 'CMP-04d': /IMPORT_UNKNOWN/ },
    },
    {
      defence: 'errors and warnings are counted apart, and the first error is always kept',
      edits: [
        edit(
          'registry/report/report.ts',
          'this.#counts[severity] >= MOST_OF_FILE',
          'this.problems.length >= MOST_OF_FILE',
        ),
        edit(
          'registry/report/report.ts',
          "severity === 'error' && this.#counts.error === 0",
          "severity === 'error' && this.problems.length === 0",
        ),
      ],
      red: { 'YML-11': /expected \/TREE_CYCLE/ },
    },
    {
      defence: 'problems of one project',
      edits: [edit('registry/report/budget.ts', 'problems = 10_000', 'problems = 10_000_000')],
      red: { 'YML-11b': /\d{6} problems/ },
    },
    {
      defence: 'comparisons of misspelt words',
      edits: [edit('registry/report/budget.ts', 'comparisons = 20_000', 'comparisons = 20_000_000_000')],
      red: { 'YML-17': /the event loop was late/ },
    },
    {
      defence: 'long files are parsed aside',
      edits: [edit('registry/yaml/aside.ts', 'text.length <= SHORT', 'text.length >= 0')],
      red: { 'YML-19': /the event loop was late/ },
    },
  ],
  [
    {
      defence: 'the time of a build',
      edits: [edit('sandbox/builder.ts', 'ms`), this.#options.buildMs);', 'ms`), 3 * this.#options.buildMs);')],
      red: { 'CMP-08c': /it must end within its limit/ },
    },
  ],
];
