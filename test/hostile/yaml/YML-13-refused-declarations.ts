import { refusedFile } from './parts/project.ts';

export const attack = refusedFile(
  'a declaration asks for what there is, by names that are names; a wrong one takes the plan of every workflow away',
  'cloister.yaml',
  [
    ['capabilities: [fhir, root]', /FIELD_TYPE project capabilities/],
    ['capabilities: { fhir: true }', /FIELD_TYPE project capabilities/],
    ['capabilities: "*"', /FIELD_TYPE project capabilities/],
    ['env: [PATH=x]', /FIELD_TYPE project env/],
    ['env: ["a b", "$HOME", "__proto__.x"]', /FIELD_TYPE project env/],
    ['secrets: ["../x"]', /FIELD_TYPE project secrets/],
    ['db: { tables: ["notes;drop table notes", "a.b", "pg_catalog.x"] }', /FIELD_TYPE project db tables/],
    ['db: { functions: ["pg_sleep(1)"] }', /FIELD_TYPE project db functions/],
    ['limits: { cpuMs: 1.5 }', /FIELD_TYPE project limits cpuMs/],
    ['limits: { wallMs: -1 }', /FIELD_TYPE project limits wallMs/],
    ['limits: { rssMb: "512" }', /FIELD_TYPE project limits rssMb/],
    ['limits: { heapMb: 1e300 }', /JSON cannot hold|FIELD_TYPE project limits heapMb/],
    ['deterministic: "yes"', /FIELD_TYPE project deterministic/],
    ['[capabilities]', /FIELD_TYPE project/],
  ],
);
