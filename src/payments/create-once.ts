import { createHash } from 'node:crypto';
import { now } from '../runtime/clock.ts';
import { isKeyUsedUp, toReason } from './errors.ts';

/** Storage of intents; the control plane's is `store/create-intents.ts`. */
export interface CreateIntents {
  open(
    baseKey: string,
    parametersHash: string,
  ): Promise<{ generation: number; objectId: string | null; createdAt: Date }>;
  record(baseKey: string, objectId: string): Promise<void>;
  nextGeneration(baseKey: string, generation: number): Promise<void>;
  /** Begins the next generation in place of this object, which is gone, unless another caller already did. */
  replace(baseKey: string, objectId: string): Promise<void>;
}

/**
 * Stripe forgets keys after 24 h; past this age the object of an open intent is looked up before the call is repeated.
 */
const keyLifetimeMs = 20 * 3_600_000;

/**
 * Creates an object at Stripe exactly once under `baseKey`, despite retries, crashes, replayed server errors,
 * parameters that changed after a lost answer, and the expiry of idempotency keys.
 *
 * `find` looks for the object by customer and `metadata.freehold_key` (lists, never search); `create` gets the
 * idempotency key; `fetch` reads an object whose id is known. One that was deleted (undefined) is created anew. What
 * `create` or `find` throws after the object was made is not recorded. Errors are thrown as reason codes.
 */
export async function createOnce<Made extends { id: string }>(request: {
  intents: CreateIntents;
  baseKey: string;
  parameters: unknown;
  create: (idempotencyKey: string) => Promise<Made>;
  fetch: (id: string) => Promise<Made | undefined>;
  find: () => Promise<Made | undefined>;
}): Promise<Made> {
  const { intents, baseKey } = request;
  const parametersHash = createHash('sha256').update(JSON.stringify(request.parameters)).digest('hex');
  try {
    const intent = await intents.open(baseKey, parametersHash);
    if (intent.objectId) {
      const made = await request.fetch(intent.objectId);
      if (made) return made;
      await intents.replace(baseKey, intent.objectId);
      return await createOnce(request);
    }
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
