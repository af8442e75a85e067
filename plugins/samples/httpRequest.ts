import { http } from 'cloister';
import { isRecord, members, refuse, text } from './_argument.ts';

/** What the activity is given. */
export interface Input {
  url: string;
  /** Default `GET`. */
  method?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: unknown;
}

/** The reply, whatever its status. */
export interface Output {
  status: number;
  statusText: string;
  /** Parsed when the reply is JSON, else text. */
  data: unknown;
  headers: Record<string, string>;
}

const TEXTS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  418: "I'm a Teapot",
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** One request to a host that the tenant is granted. Replies of 400 and above are returned; a network that fails is thrown, and tried again. */
export async function main(input: Input): Promise<Output> {
  const given = members('httpRequest', input);
  const url = text('httpRequest.url', given.url);
  const method = given.method === undefined ? 'GET' : text('httpRequest.method', given.method);
  const headers = headersOf(given.headers);
  const body = bodyOf(given.body, headers);
  const reply = await http.fetch(url, { method, headers, ...(body !== undefined && { body }) }).catch(refuseArgument);
  return {
    status: reply.status,
    statusText: TEXTS[reply.status] ?? '',
    data: dataOf(reply),
    headers: reply.headers,
  };
}

function headersOf(given: unknown): Record<string, string> {
  if (given === undefined || given === null) return {};
  if (!isRecord(given)) return refuse('httpRequest.headers', given, 'an object of texts');
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : refuse(`httpRequest.headers.${name}`, value, 'text'),
    ]),
  );
}

/** The body as text; adds its content type to the headers where they name none. */
function bodyOf(body: unknown, headers: Record<string, string>): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return body;
  const isTyped = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  if (!isTyped) headers['content-type'] = 'application/json';
  return JSON.stringify(body);
}

function dataOf({ headers, body }: { headers: Record<string, string>; body: string }): unknown {
  if (!/[/+]json\b/i.test(headers['content-type'] ?? '')) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** A request that cannot be made of what was given is wrong however often it is tried. */
function refuseArgument(error: unknown): never {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'BAD_ARGUMENT') refuse('httpRequest', message, 'a request that can be made');
  throw error;
}
