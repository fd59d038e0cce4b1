import type { Log } from '../../runtime/log.ts';
import { createPollMemory, type PollMemory } from './claims/poll-memory.ts';
import { type CheckLimit, createCheckLimit, createFailureLimit, type FailureLimit } from './guards/rate-limits.ts';
import { loadKeys, type ServerKeys } from './keys/keys.ts';
import { type AccountTokens, createAccountTokens } from './portal/account-tokens.ts';
import { noSeatSeller, type SeatSeller } from './seats/seat-seller.ts';
import type { Settings } from './settings.ts';
import { type LicenceDatabase, openStore } from './store/store.ts';

/** What every call of the licence server works with. */
export interface ServerContext {
  settings: Settings;
  keys: ServerKeys;
  db: LicenceDatabase;
  failures: FailureLimit;
  checks: CheckLimit;
  polls: PollMemory;
  accounts: AccountTokens;
  seller: SeatSeller;
  log: Log;
}

/**
 * Loads the keys, opens the database and creates the rate limits; the caller closes `db`. Without a seller no seats are
 * sold.
 */
export async function createContext(
  settings: Settings,
  log: Log,
  seller: SeatSeller = noSeatSeller,
): Promise<ServerContext> {
  const keys = await loadKeys({ json: settings.keys, file: settings.keysFile });
  const accounts = await createAccountTokens(settings.accounts);
  return {
    settings,
    keys,
    accounts,
    seller,
    log,
    failures: createFailureLimit(settings),
    checks: createCheckLimit(settings),
    polls: createPollMemory(),
    db: await openStore(settings.mongoUri),
  };
}
