/** Resource types of the billing product and of Aidbox that R4 does not know, described as far as search needs them. */
import { indexSearchParameter, loadDataType } from '@medplum/core';
import type { SearchParameter, StructureDefinition } from '@medplum/fhirtypes';

/** A field: its FHIR type, a star when it repeats, and for a reference the type it points to. */
type Field =
  | 'identifier*'
  | 'code'
  | 'uri'
  | 'dateTime'
  | 'string'
  | 'Period'
  | 'Money'
  | `${'one' | 'many'} ${string}`;

const TYPES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  BillingWorkflow: { identifier: 'identifier*', status: 'code', executionPeriod: 'Period' },
  BillingCase: {
    identifier: 'identifier*',
    status: 'code',
    snapshotDate: 'dateTime',
    patient: 'one Patient',
    encounter: 'many Encounter',
    coverage: 'many Coverage',
    procedure: 'many Procedure',
    practitioner: 'many Practitioner',
    organization: 'many Organization',
    chargeItem: 'many ChargeItem',
    claim: 'many Claim',
    claimResponse: 'many ClaimResponse',
  },
  BillingTask: {
    identifier: 'identifier*',
    status: 'code',
    billingCase: 'one BillingCase',
    claimResponse: 'one ClaimResponse',
    category: 'code',
    dashboard: 'string',
    worklist: 'string',
  },
  BillingTransmission: {
    identifier: 'identifier*',
    status: 'code',
    type: 'code',
    claim: 'many Claim',
    claimResponse: 'many ClaimResponse',
  },
  BillingAccountTransaction: {
    identifier: 'identifier*',
    status: 'code',
    type: 'code',
    amount: 'Money',
    billingCase: 'one BillingCase',
    billingTask: 'one BillingTask',
    reasonCode: 'code',
  },
  // Aidbox's own, as triggers are registered with them.
  AidboxSubscriptionTopic: { url: 'uri', status: 'code' },
  AidboxTopicDestination: { topic: 'uri', status: 'code', kind: 'code', content: 'code' },
};

/** Makes the billing types known to the library's schema, with a search parameter for each field but money. */
export function loadBillingTypes(): void {
  for (const [type, fields] of Object.entries(TYPES)) {
    loadDataType(structure(type, fields));
    for (const [name, field] of Object.entries(fields)) {
      for (const parameter of parameters(type, name, field)) indexSearchParameter(parameter);
    }
  }
}

function structure(type: string, fields: Readonly<Record<string, Field>>): StructureDefinition {
  const element = Object.entries({ id: 'string' as const, meta: 'Meta' as const, ...fields }).map(([name, field]) => {
    const path = `${type}.${name}`;
    const max = field.endsWith('*') || field.startsWith('many ') ? '*' : '1';
    return { id: path, path, min: 0, max, base: { path, min: 0, max }, type: [{ code: dataType(field) }] };
  });
  const whole = { id: type, path: type, min: 0, max: '*', base: { path: type, min: 0, max: '*' } };
  const url = `http://hl7.org/fhir/StructureDefinition/${type}`;
  const definition = { url, name: type, type, kind: 'resource', status: 'active', abstract: false };
  return {
    resourceType: 'StructureDefinition',
    ...definition,
    snapshot: { element: [whole, ...element] },
  } as StructureDefinition;
}

function dataType(field: string): string {
  if (field === 'identifier*') return 'Identifier';
  return field.includes(' ') ? 'Reference' : field;
}

/** A field of several words is found under its own name and, as is usual in R4, with hyphens. */
function parameters(type: string, name: string, field: Field): SearchParameter[] {
  const kind = parameterType(field);
  if (kind === null) return [];
  const hyphened = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const target = field.includes(' ') ? [field.split(' ')[1]] : undefined;
  return [...new Set([name, hyphened])].map(
    (code) =>
      ({
        resourceType: 'SearchParameter',
        url: `urn:cloister:SearchParameter:${type}-${code}`,
        name: code,
        code,
        base: [type],
        type: kind,
        expression: `${type}.${name}`,
        ...(target ? { target } : {}),
      }) as SearchParameter,
  );
}

function parameterType(field: Field): SearchParameter['type'] | null {
  if (field.includes(' ')) return 'reference';
  if (field === 'identifier*' || field === 'code') return 'token';
  if (field === 'dateTime' || field === 'Period') return 'date';
  if (field === 'uri') return 'uri';
  return field === 'string' ? 'string' : null;
}
