import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { restClient } from '../cloud-view.ts';
import { digitaloceanReasonOf } from './errors.ts';

/** Token and API address, from the provider's own variables. */
export function digitaloceanAccess(env: NodeJS.ProcessEnv): { base: string; token: string | undefined } {
  const { DIGITALOCEAN_TOKEN_FILE: file } = env;
  return {
    base: env.DIGITALOCEAN_API_URL || 'https://api.digitalocean.com',
    token:
      env.DIGITALOCEAN_TOKEN || env.DIGITALOCEAN_ACCESS_TOKEN || (file ? readFileSync(file, 'utf8').trim() : undefined),
  };
}

const Page = z.looseObject({
  links: z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional(),
});

/** DigitalOcean's API v2 over HTTP; throws the reason of an error, and `cloud_unavailable` if it does not answer. */
export function createDigitaloceanApi(env: NodeJS.ProcessEnv) {
  const { base, token } = digitaloceanAccess(env);
  const ask = restClient({ token: async () => token ?? '', reasonOf: digitaloceanReasonOf });
  return {
    /** All items of a list, page by page. */
    async list<T extends z.ZodType>(path: string, member: string, schema: T): Promise<z.output<T>[]> {
      const found: z.output<T>[] = [];
      const url = new URL(`${base}/v2/${path}`);
      url.searchParams.set('per_page', '200');
      for (let page = 1; ; page += 1) {
        url.searchParams.set('page', String(page));
        const body = Page.parse((await ask(url.href)).body);
        found.push(...z.array(schema).parse(body[member]));
        if (!body.links?.pages?.next) return found;
      }
    },
    /** Reads one object; null when the status is one of `allowed`. */
    async ask<T extends z.ZodType>(
      method: 'GET' | 'POST',
      path: string,
      schema: T,
      { body, allowed = [] }: { body?: unknown; allowed?: number[] } = {},
    ): Promise<z.output<T> | null> {
      const answer = await ask(`${base}/v2/${path}`, { method, body, allowed });
      return allowed.includes(answer.status) ? null : schema.parse(answer.body);
    },
    /** Sends a write; returns the status, also when it is one of `allowed`. */
    async act(
      method: 'POST' | 'DELETE',
      path: string,
      { body, allowed = [] }: { body?: unknown; allowed?: number[] } = {},
    ): Promise<number> {
      return (await ask(`${base}/v2/${path}`, { method, body, allowed })).status;
    },
  };
}

export type DigitaloceanApi = ReturnType<typeof createDigitaloceanApi>;
