/** An API that the bench calls. */

/** Where it is, and what every call shows. */
export interface Called {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** The JSON of an answer. Rejects for an answer that is an error. */
export async function ask({ url, headers }: Called, path: string, options: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { ...options, headers });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body;
}
