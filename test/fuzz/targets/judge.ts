/** What is wrong with an answer of an operation, by what it declares and by what holds for all. */
import { isDeepStrictEqual } from 'node:util';
import { ERROR_BODY } from '../../../host/api/openapi.ts';
import { ENDPOINTS } from '../../../host/api/server.ts';
import { type ApiCode, statusOf } from '../../../host/codes.ts';
import type { Answer, Asked } from './exchange.ts';
import type { Operation } from './requests.ts';

/** Codes of 5xx that requests of this target give a reason for. */
const PLANNED: ReadonlySet<string> = new Set<ApiCode>(['NOT_CONFIGURED', 'EVENT_IN_HAND']);
const STACK = /\n\s+at |\\n\s+at |:\d+:\d+\)|node_modules|node:internal/;

/** Judges answers of one host. */
export class Judge {
  readonly #hidden: readonly string[];

  /** `hidden`: texts that no answer may hold. */
  constructor(hidden: readonly string[]) {
    this.#hidden = hidden;
  }

  /** Empty when nothing is wrong. */
  faults({ id, answers, path }: Operation, asked: Asked, { status, type, text }: Answer): string[] {
    if (status === 0) return [`${id}: ${text}`];
    const faults: string[] = [];
    const isPage = path.startsWith('/docs') || path === '/openapi.json';
    if (!isPage && STACK.test(text)) faults.push(`${id}: a stack in an answer of ${status}: ${STACK.exec(text)?.[0]}`);
    // An answer may repeat what it was asked with.
    const given = `${asked.url}${asked.body ?? ''}`;
    const told = this.#hidden.find((each) => text.includes(each) && !given.includes(each));
    if (told !== undefined) faults.push(`${id}: a path of the host in an answer of ${status}`);
    const isOwn = ENDPOINTS.some(
      ({ operation, answers: own }) => operation === id && own[status]?.schema !== undefined,
    );
    if (status >= 400 && !isOwn) faults.push(...errorFaults(id, { status, type, text }));
    // An odd path may lead to another operation, or to none.
    else if (isItself(asked.url)) faults.push(...declaredFaults(id, { status, type, text }, answers.get(status)));
    // A path of 2,000 characters may be refused before it is known whose it is.
    if (
      status >= 400 &&
      !isOwn &&
      !answers.has(status) &&
      isItself(asked.url) &&
      !/%2f/i.test(asked.url) &&
      text !== ''
    ) {
      faults.push(`${id}: an error of ${status}, which it does not declare: ${text.slice(0, 300)}`);
    }
    return faults;
  }
}

/** Whether a path is read as it is written. */
function isItself(url: string): boolean {
  const [path = ''] = url.split('?');
  return new URL(path, 'http://localhost').pathname === path && !path.includes('//') && !path.endsWith('/');
}

/** What is wrong with an error of any path. */
export function errorFaults(id: string, { status, type, text }: Answer): string[] {
  // What Node refuses before the server sees it has no body.
  if (text === '') return status < 500 ? [] : [`${id}: an empty answer of ${status}`];
  const parsed = type.includes('json') ? ERROR_BODY.safeParse(JSON.parse(text)) : null;
  if (!parsed?.success) return [`${id}: an error of ${status} in another form: ${text.slice(0, 300)}`];
  const { code } = parsed.data;
  if (statusOf(code) !== status) return [`${id}: ${code} with status ${status}`];
  return status >= 500 && !PLANNED.has(code) ? [`${id}: ${status} ${text.slice(0, 300)}`] : [];
}

function declaredFaults(id: string, { status, type, text }: Answer, declared: string | undefined): string[] {
  if (declared === undefined) return [`${id}: an answer of ${status}, which it does not declare`];
  const rule = ENDPOINTS.find(({ operation }) => operation === id)?.answers[status];
  if (rule?.schema === undefined || !declared.includes('json')) return [];
  if (!type.includes('json')) return [`${id}: ${status} is ${type}, expected ${declared}`];
  const value: unknown = JSON.parse(text);
  const parsed = rule.schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return [
      `${id}: ${status} is not what it declares: ${issue?.path.join('.')} ${issue?.message}: ${text.slice(0, 300)}`,
    ];
  }
  if (isDeepStrictEqual(parsed.data, value)) return [];
  return [`${id}: ${status} has fields that it does not declare: ${text.slice(0, 300)}`];
}
