import { type Host, isAdministrator } from '../host.ts';
import { parse, SignIn, SignUp } from '../inputs.ts';
import { requireWritable } from '../limits.ts';
import { hashPassword, passwordMatches } from '../passwords.ts';
import { HostError } from '../reasons.ts';
import type { User } from '../store/users.ts';

/**
 * Creates the account of the administrator or of an admitted person, and signs in. Returns the session token. Any other
 * address: `address_not_admitted`. No e-mail confirmation.
 */
export async function signUp(host: Host, input: unknown): Promise<{ user: User; token: string }> {
  const { email, password } = parse(SignUp, input);
  requireWritable(host);
  const { users, sessions } = host.store;
  const known = users.byEmail(email);
  if (!known && !(await host.administrator.confirm(email))) throw new HostError('address_not_admitted');
  if (known?.password) throw new HostError('account_exists');

  const hash = await hashPassword(password);
  // While the hash was computed, the address may have been used or its admission withdrawn.
  const admitted = users.byEmail(email) ?? (isAdministrator(host, { email }) ? users.admit(email) : undefined);
  if (!admitted) throw new HostError('address_not_admitted');
  if (!users.join(admitted.id, hash)) throw new HostError('account_exists');
  return { user: users.byId(admitted.id)!, token: sessions.begin(admitted.id) };
}

/** Returns the session token; `wrong_credentials` does not reveal which of the two was wrong. */
export async function signIn(host: Host, input: unknown): Promise<{ user: User; token: string }> {
  const { email, password } = parse(SignIn, input);
  const user = host.store.users.byEmail(email);
  if (!(await passwordMatches(password, user?.password ?? null)) || !user) throw new HostError('wrong_credentials');
  return { user, token: host.store.sessions.begin(user.id) };
}
