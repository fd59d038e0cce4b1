import type { HostContract } from '../contracts/host-contract.ts';
import type { LicenceSnapshot } from '../licence/client/types.ts';
import type { Log } from '../runtime/log.ts';
import type { Administrator } from './administrator.ts';
import type { Store } from './store/store.ts';
import type { User } from './store/users.ts';

/** What every action of this server works with. */
export interface Host {
  readonly contract: HostContract;
  /** File of the certificate authority that clients have to be told of; undefined where they know it. */
  readonly authority: string | undefined;
  readonly store: Store;
  readonly administrator: Administrator;
  readonly log: Log;
  /** The current licence; limits are read from here at each use, so a change needs no restart. */
  licence(): LicenceSnapshot;
}

/** Whether this is the administrator's address. */
export function isAdministrator({ administrator }: Pick<Host, 'administrator'>, user: Pick<User, 'email'>): boolean {
  return user.email === administrator.current();
}
