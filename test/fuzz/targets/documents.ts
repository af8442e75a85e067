/** Files of a project that are right, and how YAML is spoiled. */
import { NUMBERS, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';

/** A file; `kind` is the word under which attempts on it are counted. */
interface Document {
  readonly kind: string;
  readonly path: string;
  readonly text: string;
}

export const FILES: readonly Document[] = [
  {
    kind: 'workflow',
    path: 'workflows/w.yaml',
    text: `id: w
name: "A workflow"
description: |
  of several
  lines
input:
  patientId: { type: string, required: true }
  count: { type: number }
execution: parallel
capabilities: [fhir, http, log]
http: { allow: ["https://api.example.org", "https://*.example.org:8443"] }
limits: { cpuMs: 500, wallMs: 30000 }
rootChildren: [a, d]
activities:
  - id: a
    name: First
    script: ./activities/a.ts
    params: { id: $input.patientId, list: [1, 2.5, "three", null, true], nested: { x: "\${input.count} of them" } }
    retries: 3
    timeout: 2m
    backoff: { initial: 2s, coefficient: 1.5, max: 1m }
    children: [b, c]
  - { id: b, script: ./activities/a.ts, applicability: [true, $activities.a.output.ok], params: { x: $activities.a.output.items.0 } }
  - { id: c, childWorkflow: child, params: { y: $activities.a.output }, decoupled: true }
  - id: d
    script: "@aidbox-billing/fhir/search"
    params: &shared { type: Patient, params: { name: x } }
  - id: e
    script: "@aidbox-billing/built-in-activities/billing-case/evaluate-validation-rules"
    params: { manifestPath: validation-rules/manifest.yaml }
    deterministic: true
    limits: { calls: 10 }
`,
  },
  {
    kind: 'child',
    path: 'workflows/child.yaml',
    text: `id: child
name: Child
rootChildren: [x]
activities:
  - { id: x, script: ./activities/a.ts, retries: 0 }
`,
  },
  {
    kind: 'declaration',
    path: 'cloister.yaml',
    text: `capabilities: [fhir, db, http, log]
http:
  allow: [https://api.example.org, "http://[::1]:8080"]
db: { tables: [notes], functions: [rpc_one] }
env: [GREETING, HOME_OF]
secrets: [partner]
limits: { cpuMs: 1000, heapMb: 64, rssMb: 256, calls: 10, inFlight: 2, argBytes: 1000, resultBytes: 1000 }
deterministic: false
`,
  },
  {
    kind: 'rules',
    path: 'validation-rules/manifest.yaml',
    text: `rules:
  - { id: r0, name: N, category: c, level: claim, severity: error, message: m, script: ./a.ts }
  - id: r1
    name: Another
    category: c
    level: patient
    severity: warning
    message: >-
      a folded
      text
    script: ./a.ts
    dashboard: d
    worklist: w
`,
  },
  {
    kind: 'trigger',
    path: 'triggers/t/definition.yaml',
    text: `type: schedule
workflow: w
spec:
  intervals: [{ every: 30m, offset: 5m }]
  cronExpressions: ["0 12 * * MON", "TZ=Europe/Berlin 0 0 * * *"]
  calendars: [{ hour: 3, dayOfWeek: [1, 2] }]
  startAt: 2026-01-01T00:00:00Z
  jitter: 10s
  timezone: UTC
`,
  },
  {
    kind: 'packages',
    path: 'package.json',
    text: '{ "name": "p", "dependencies": { "left": "1.0.0", "@scope/right": "^2" } }\n',
  },
];

/** Pieces of YAML with a meaning, or with too much of it. */
const PIECES = [
  '&a',
  '*a',
  '*a, *a',
  '<<: *a',
  '!!js/function "x"',
  '!!binary aGk=',
  '!!set { a }',
  '!<tag:x> y',
  '? [complex, key]\n: 1',
  '---\n',
  '...\n',
  '%YAML 1.1\n---\n',
  '%TAG ! tag:x,2000:\n---\n',
  '"\\x41\\u0000\\U0001F600"',
  '|+9\n x',
  '>-\n',
  'yes',
  '0o17',
  '0x1F',
  '1_000',
  '.inf',
  '.nan',
  '~',
  '2026-01-01',
  '1:30:00',
  '__proto__: { x: 1 }',
  'constructor: { prototype: 1 }',
  '$input.__proto__.x',
  '$activities.a.output.constructor',
  '$activities.zz.output',
  '${input.x',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of the project's
  '${activities.a.output.b}${input.c}',
  '\t',
  '#',
  '\ufeff',
  '\r\n',
  '{'.repeat(80),
  '['.repeat(5_000),
  '- '.repeat(300),
  'a: '.repeat(100),
  'x'.repeat(70_000),
  `[${'a, '.repeat(25_000)}]`,
  '../../etc/passwd',
  './activities/../../../x.ts',
  '@aidbox-billing/',
  'npm:left',
  '9'.repeat(400),
  '1e999m',
  '-1s',
] as const;

/** One to four changes of a text. */
export function spoilYaml(random: Random, text: string): string {
  let spoiled = text;
  for (let i = 0; i < 1 + random.below(4); i++) spoiled = spoilOnce(random, spoiled);
  return spoiled;
}

function spoilOnce(random: Random, text: string): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  switch (random.below(9)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n');
    case 1:
      return lines.toSpliced(random.below(lines.length), 0, ...lines.slice(at, at + 1 + random.below(5))).join('\n');
    case 2:
      return lines.with(at, ' '.repeat(random.below(12)) + line.trimStart()).join('\n');
    case 3:
      return lines.toSpliced(at, 0, random.pick(PIECES)).join('\n');
    case 4:
    case 5:
      return replaceWord(
        random,
        text,
        random.pick<string>([...PIECES, ...NUMBERS, ...STRINGS, random.pick(words(text))]),
      );
    case 6:
      return `${text.slice(0, random.below(text.length + 1))}${random.pick(PIECES)}`;
    case 7:
      return `${random.pick(PIECES)}\n${text}`;
    default:
      return random.scratched(text);
  }
}

const WORD = /[\w$./@-]+/g;

function words(text: string): string[] {
  return ['', ...(text.match(WORD) ?? [])];
}

function replaceWord(random: Random, text: string, to: string): string {
  const found = [...text.matchAll(WORD)];
  if (found.length === 0) return text + to;
  const { 0: word, index } = random.pick(found);
  return text.slice(0, index) + to + text.slice(index + word.length);
}
