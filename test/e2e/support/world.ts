import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { type Customer, createCustomer } from '../../../src/embedded/demo/customer.ts';
import { createOutside, type Outside } from '../../../src/embedded/demo/outside.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../../../src/embedded/platform.ts';
import { createReach, type Reach } from '../../../src/runtime/reach.ts';

/** Upper limit of a wait on a busy machine, ms; waits end when their condition holds. */
export const timeoutMs = 240_000;

/** A whole platform, a customer of it, and access from outside. */
export interface World {
  platform: Platform;
  customer: Customer;
  outside: Outside;
  reach: Reach;
  /** Aborted after the tests; ends everything that follows orders. */
  ended: AbortSignal;
}

/**
 * One platform for all tests of a file, on free ports and in a folder of its own, ended and removed after the last.
 * `overrides` are variables of our own processes, for instance shorter deadlines.
 */
export function shareWorld(
  overrides: Record<string, string> = {},
  options: Pick<PlatformOptions, 'shiftableClocks'> = {},
): () => World {
  let world: World | undefined;
  let stateDir: string | undefined;
  const end = new AbortController();
  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'freehold-e2e-'));
    const platform = await startPlatform({ stateDir, ports: 'free', overrides, ...options });
    const { FREEHOLD_DNS_SERVER: dnsServer, FREEHOLD_CA_FILE: caFile } = platform.env;
    world = {
      platform,
      customer: createCustomer(platform.urls.api),
      outside: createOutside(platform),
      reach: createReach({ dnsServer, caFile }),
      ended: end.signal,
    };
  }, timeoutMs);
  afterAll(async () => {
    end.abort();
    await world?.reach.close();
    await world?.platform.stop();
    if (stateDir && !process.env.FREEHOLD_KEEP_STATE) rmSync(stateDir, { recursive: true, force: true });
  }, timeoutMs);
  return () => {
    if (!world) throw new Error('the platform did not start');
    return world;
  };
}
