import { type Host, isAdministrator } from '../host.ts';
import { requireWritable } from '../limits.ts';
import { HostError } from '../reasons.ts';
import type { User } from '../store/users.ts';

/** The signed-in user; undefined without a valid session. */
export type Asking = User | undefined;

/** The signed-in user, or `not_signed_in`. */
export function requireUser(asking: Asking): User {
  if (!asking) throw new HostError('not_signed_in');
  return asking;
}

/** For changes that only the administrator may make: 401 before 403, and 403 before any licence error. */
export function requireAdministratorsChange(host: Host, asking: Asking): User {
  const user = requireUser(asking);
  if (!isAdministrator(host, user)) throw new HostError('only_administrator');
  requireWritable(host);
  return user;
}

/** For each change that every user may make. */
export function requireChange(host: Host, asking: Asking): User {
  const user = requireUser(asking);
  requireWritable(host);
  return user;
}
