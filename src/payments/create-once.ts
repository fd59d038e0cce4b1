import { createHash } from 'node:crypto';
import { now } from '../runtime/clock.ts';
import { isKeyUsedUp, toReason } from './errors.ts';

/** Where intents are kept (design 5, Idempotency); the control plane's is `store/create-intents.ts`. */
export interface CreateIntents {
  open(
    baseKey: string,
    parametersHash: string,
  ): Promise<{ generation: number; objectId: string | null; createdAt: Date }>;
  record(baseKey: string, objectId: string): Promise<void>;
  nextGeneration(baseKey: string, generation: number): Promise<void>;
}

/** Stripe forgets keys after 24 h; from here on an open intent is looked up before it is repeated. */
const keyLifetimeMs = 20 * 3_600_000;

/**
 * Creates an object at Stripe exactly once under `baseKey`, over retries, crashes, replayed server errors, parameters
 * that changed since a try whose answer was lost, and days.
 *
 * `find` looks for the object by customer and `metadata.freehold_key` (lists, never search); `create` gets the
 * idempotency key; `fetch` reads the object that is known already. Errors come out as reasons.
 */
export async function createOnce<Made extends { id: string }>(request: {
  intents: CreateIntents;
  baseKey: string;
  parameters: unknown;
  create: (idempotencyKey: string) => Promise<Made>;
  fetch: (id: string) => Promise<Made>;
  find: () => Promise<Made | undefined>;
}): Promise<Made> {
  const { intents, baseKey } = request;
  const parametersHash = createHash('sha256').update(JSON.stringify(request.parameters)).digest('hex');
  try {
    const intent = await intents.open(baseKey, parametersHash);
    if (intent.objectId) return await request.fetch(intent.objectId);
    let { generation } = intent;
    if (now() - intent.createdAt.getTime() > keyLifetimeMs) {
      const found = await request.find();
      if (found) {
        await intents.record(baseKey, found.id);
        return found;
      }
      await intents.nextGeneration(baseKey, generation);
      generation += 1;
    }
    const made = await request.create(`${baseKey}:g${generation}`).catch(async (error) => {
      if (!isKeyUsedUp(error)) throw error;
      const found = await request.find();
      if (found) return found;
      await intents.nextGeneration(baseKey, generation);
      return request.create(`${baseKey}:g${generation + 1}`);
    });
    await intents.record(baseKey, made.id);
    return made;
  } catch (error) {
    throw toReason(error);
  }
}
