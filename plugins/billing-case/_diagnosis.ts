import type { CodeableConcept, Condition, Procedure } from '../fhir/_types.ts';
import { referenceTo } from './_reference.ts';

/** The diagnoses of a claim, numbered from 1 in the order in which its procedures name them. */
export interface Diagnoses {
  readonly list: { sequence: number; diagnosisCodeableConcept: CodeableConcept }[];
  sequencesOf(procedure: Procedure): number[];
}

/** Reasons of the procedures: the code of a Condition that is there, or a code of the procedure's own; each once. */
export function diagnosesOf(procedures: readonly Procedure[], conditions: readonly Condition[]): Diagnoses {
  const codes = new Map(conditions.flatMap((one) => (one.code ? [[referenceTo(one), one.code] as const] : [])));
  const reasons = (procedure: Procedure): CodeableConcept[] => [
    ...(procedure.reasonReference ?? []).flatMap((one) => codes.get(one.reference ?? '') ?? []),
    ...(procedure.reasonCode ?? []),
  ];
  const found = new Map(procedures.flatMap(reasons).map((one) => [keyOf(one), one]));
  const order = [...found.keys()];
  return {
    list: [...found.values()].map((one, at) => ({ sequence: at + 1, diagnosisCodeableConcept: one })),
    sequencesOf: (procedure) => reasons(procedure).map((one) => order.indexOf(keyOf(one)) + 1),
  };
}

function keyOf(concept: CodeableConcept): string {
  const [coding] = concept.coding ?? [];
  return coding ? `${coding.system}|${coding.code}` : `${concept.text}`;
}
