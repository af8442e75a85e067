import { refusedWorkflow } from './parts/project.ts';

const TAGGED = [
  ...['!!js/function "function () {}"', '!!js/regexp /x/', '!!js/undefined ""', '!!python/object:os.system x'],
  ...['!!binary "aGk="', `!!binary "${'A'.repeat(200_000)}"`, '!include /etc/passwd', '!!timestamp 2024-01-01'],
  ...[
    '!!set { a }',
    '!!omap [a: 1]',
    '!!pairs [a: 1]',
    '!ruby/object:Gem::Installer { i: x }',
    '!<tag:yaml.org,2002:js/function> x',
  ],
  ...['!!float x', '!!int "x"', '!!map [a]', '!!seq { a: 1 }'],
];

export const attack = refusedWorkflow(
  'tags beyond the core schema are problems, whatever they stand before and however they are declared',
  ...TAGGED.map((tagged) => [`name: ${tagged}`, /YAML_SYNTAX document: found /] as const),
  ['%TAG !e! tag:yaml.org,2002:js/\n---\nname: !e!function x', /Unresolved tag|YAML_SYNTAX/],
  ['!!js/function x: y', /YAML_SYNTAX/],
);
