import { ReasonError } from '../contracts/reasons.ts';

/** Read-only queries of our own account at a cloud. */
export interface CloudView {
  /** Source of the credentials, in words and names of variables; null if there are none. */
  credentials: string | null;
  /** Every action that a stack may need, in the cloud's names. */
  actions: readonly string[];
  /** Our identity, as the cloud names it. */
  identity(): Promise<string>;
  /** Which of the actions we lack, and which of them the cloud does not report. */
  permissions(): Promise<{ missing: string[]; unchecked: string[] }>;
  /** Which of these machine sizes a region offers us. */
  sizesIn(region: string, sizes: readonly string[]): Promise<string[]>;
  close(): void;
}

/** The description of the first source that exists. */
export function firstSource(sources: readonly (readonly [holds: unknown, words: string])[]): string | null {
  return sources.find(([holds]) => Boolean(holds))?.[1] ?? null;
}

const timeoutMs = 20_000;

/**
 * Calls a REST API with a bearer token; returns status, headers and the JSON of a success. Other statuses than the
 * `allowed` ones throw the reason of the cloud's error message, or `cloud_unavailable` when it matches none.
 */
export function restClient(options: {
  token(): Promise<string>;
  reasonOf(message: string): ReasonError['code'] | null;
}) {
  return async (
    url: string,
    { method = 'GET', body, allowed = [] }: { method?: string; body?: unknown; allowed?: readonly number[] } = {},
  ): Promise<{ status: number; body: unknown; headers: Headers }> => {
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${await options.token()}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      if (error instanceof ReasonError) throw error;
      const { cause, message } = error as Error & { cause?: { code?: string } };
      throw new ReasonError('cloud_unavailable', `${new URL(url).host}: ${cause?.code ?? message}`);
    }
    const text = await response.text();
    const { status, headers } = response;
    if (response.ok) return { status, headers, body: text === '' ? {} : JSON.parse(text) };
    if (allowed.includes(status)) return { status, headers, body: {} };
    // The format in which the clouds' providers report an error response.
    const message = `${method} ${url.split('?')[0]}: ${status} Error ${status}: ${text.slice(0, 1_000)}`;
    throw new ReasonError(options.reasonOf(message) ?? 'cloud_unavailable', message);
  };
}
