import { failedWith, searchAll } from '../fhir/_pages.ts';
import type { ChargeItemDefinition, CodeableConcept, Coding, Coverage, Period, Procedure } from '../fhir/_types.ts';
import { idOf } from './_reference.ts';

/** The price list: ChargeItemDefinitions by the code of a procedure. Each code is asked for once. */
export interface Catalogue {
  /** Definitions whose useContext names one of the codes, in the order of their ids. */
  find(codes: readonly Coding[]): Promise<ChargeItemDefinition[]>;
}

/** A catalogue that lives as long as one activity. */
export function openCatalogue(): Catalogue {
  const known = new Map<string, Promise<ChargeItemDefinition[]>>();
  const all = (): Promise<ChargeItemDefinition[]> => remember(known, '', () => searchAll('ChargeItemDefinition', {}));
  const ask = async (coding: Coding): Promise<ChargeItemDefinition[]> => {
    const value = coding.system === undefined ? `${coding.code}` : `${coding.system}|${coding.code}`;
    try {
      return await searchAll('ChargeItemDefinition', { 'context-type-value': `procedure$${value}` });
    } catch (error) {
      // A server without this composite parameter says so; then the whole list is read and sifted here.
      if (failedWith(error, 'INVALID') || failedWith(error, 'BAD_ARGUMENT')) return all();
      throw error;
    }
  };
  return {
    find: async (codes) => {
      const found = new Map<string, ChargeItemDefinition>();
      for (const coding of codes) {
        const answer = await remember(known, `${coding.system}|${coding.code}`, () => ask(coding));
        for (const one of answer) if (isFor(one, coding)) found.set(`${one.id}`, one);
      }
      return [...found.values()].sort((a, b) => (`${a.id}` < `${b.id}` ? -1 : 1));
    },
  };
}

function remember<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = known.get(key) ?? ask();
  known.set(key, answer);
  return answer;
}

/** Servers differ in how exactly they match a composite parameter, so the answer is read again. */
function isFor(definition: ChargeItemDefinition, coding: Coding): boolean {
  if (definition.status === 'retired') return false;
  return contexts(definition, 'procedure').some((one) => includes(one.valueCodeableConcept, coding));
}

/** Whether `useContext[program]` names a payor organization of the coverage. */
export function isCoveredBy(definition: ChargeItemDefinition, coverage: Coverage): boolean {
  const payors = (coverage.payor ?? []).flatMap((one) => idOf(one, 'Organization') ?? []);
  return contexts(definition, 'program').some((one) => {
    const id = idOf(one.valueReference, 'Organization');
    return id !== undefined && payors.includes(id);
  });
}

/** Whether the definition holds at the time (ISO 8601) of the procedure. */
export function isEffective({ effectivePeriod }: ChargeItemDefinition, at: string | undefined): boolean {
  if (!effectivePeriod || at === undefined) return true;
  const { start, end } = effectivePeriod;
  return (start === undefined || compare(at, start) >= 0) && (end === undefined || compare(at, end) <= 0);
}

/** Start of the procedure, else of its encounter. */
export function timeOf(procedure: Procedure, encounter: { period?: Period }): string | undefined {
  return procedure.performedDateTime ?? procedure.performedPeriod?.start ?? encounter.period?.start;
}

/** A bound that is a date, a month or a year holds for all of it. */
function compare(at: string, bound: string): number {
  if (bound.length > 10 && at.length > 10) return Date.parse(at) - Date.parse(bound);
  const length = Math.min(at.length, bound.length, 10);
  return at.slice(0, length).localeCompare(bound.slice(0, length));
}

function contexts(definition: ChargeItemDefinition, code: string): NonNullable<ChargeItemDefinition['useContext']> {
  return (definition.useContext ?? []).filter((one) => one.code?.code === code);
}

function includes(concept: CodeableConcept | undefined, coding: Coding): boolean {
  return (concept?.coding ?? []).some(({ system, code }) => code === coding.code && system === coding.system);
}
