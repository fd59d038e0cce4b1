import { afterAll, beforeAll } from '@jest/globals';
import { openStore, type Store } from '../../src/store/store.ts';
import { startDatabase } from './database.ts';

/** A store with its own database for the tests of one file; `uri` opens more. */
export function useStore(): Store & { uri: string } {
  const store = {} as Store & { uri: string };
  let end = async () => {};
  beforeAll(async () => {
    const { uri, stop } = await startDatabase();
    end = stop;
    Object.assign(store, await openStore(uri), { uri });
    await store.init();
  });
  afterAll(async () => {
    await store.close?.();
    await end();
  });
  return store;
}
