import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { monotonic } from '../../../src/runtime/clock.ts';
import type { Properties } from '../../../src/stacks/provider/properties.ts';

/** An emulated object as the daemon returns it. */
const Shown = z.object({
  id: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  properties: z.record(z.string(), z.unknown()),
});
export type Shown = z.infer<typeof Shown>;
const Problem = z.object({ code: z.string(), message: z.string() });

/** A refusal of the emulator, with the cloud's own message. */
class DoubleError extends Error {
  override readonly name = 'DoubleError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const attempts = 3;
const pauseMs = 100;
const timeoutMs = 120_000;
const inUseTimeoutMs = 20_000;

/**
 * Behaves like the clouds' client libraries: a call whose connection breaks is repeated, also a create, which then
 * makes another object unless the cloud recognises the repetition.
 */
export function createDoubleClient(options: { url: string; token: string; cloud: string }) {
  async function send(method: string, path: string, body?: unknown): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      let response: Response;
      try {
        response = await fetch(new URL(`/v1/doubles/${options.cloud}/${path}`, options.url), {
          method,
          headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' },
          signal: AbortSignal.timeout(timeoutMs),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      } catch (error) {
        if (attempt === attempts) {
          throw new DoubleError('unavailable', `ServiceUnavailable: the connection broke: ${(error as Error).message}`);
        }
        await delay(pauseMs * attempt);
        continue;
      }
      if (response.status === 204) return undefined;
      const answer: unknown = await response.json();
      if (response.ok) return answer;
      const { code, message } = Problem.parse(answer);
      if (code === 'crash') process.kill(process.pid, 'SIGKILL');
      throw new DoubleError(code, message);
    }
  }

  const object = (type: string, id: string) => `object?${new URLSearchParams({ type, id })}`;

  return {
    async create(type: string, region: string, inputs: Properties): Promise<Shown> {
      return Shown.parse(await send('POST', 'objects', { type, region, inputs }));
    },
    async read(type: string, id: string): Promise<Shown | null> {
      try {
        return Shown.parse(await send('GET', object(type, id)));
      } catch (error) {
        if (error instanceof DoubleError && error.code === 'not_found') return null;
        throw error;
      }
    },
    async change(type: string, id: string, inputs: Properties): Promise<Shown> {
      return Shown.parse(await send('PATCH', object(type, id), inputs));
    },
    /** Waits for a while for objects that still use this one, as the real providers do for minutes. */
    async remove(type: string, id: string): Promise<void> {
      const begun = monotonic();
      for (;;) {
        try {
          await send('DELETE', object(type, id));
          return;
        } catch (error) {
          const isInUse = error instanceof DoubleError && error.code === 'in_use';
          if (!isInUse || monotonic() - begun > inUseTimeoutMs) throw error;
          await delay(pauseMs);
        }
      }
    },
    async invoke(token: string, region: string, args: Properties): Promise<Properties> {
      return (await send('POST', 'invoke', { token, region, args })) as Properties;
    },
  };
}
