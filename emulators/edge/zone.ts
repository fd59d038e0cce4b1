import { monotonic } from '../../src/runtime/clock.ts';
import type { DnsAnswer } from '../../src/stacks/local/cloud-api.ts';
import type { CloudClient } from '../../src/stacks/local/cloud-client.ts';

/** The edge router's view of the names in its zone. */
export interface Zone {
  /** The record of a name, at most 200 ms old; null if there is none, or if the name is in another zone. */
  find(name: string): Promise<DnsAnswer | null>;
}

const staleMs = 200;
const longestMemory = 10_000;

/** Asks the cloud for records on demand; lookups of one name within 200 ms are combined. */
export function createZone(options: { cloud: Pick<CloudClient, 'answer'>; zone: string }): Zone {
  const known = new Map<string, { at: number; record: Promise<DnsAnswer | null> }>();

  return {
    async find(question) {
      const name = question.toLowerCase().replace(/\.$/, '');
      if (!name.endsWith(`.${options.zone}`) || !/^[a-z0-9.-]{1,253}$/.test(name)) return null;
      const memory = known.get(name);
      if (memory && monotonic() - memory.at < staleMs) return memory.record;
      if (known.size > longestMemory) known.clear();
      const record = options.cloud.answer(name);
      known.set(name, { at: monotonic(), record });
      record.catch(() => known.delete(name));
      return record;
    },
  };
}
