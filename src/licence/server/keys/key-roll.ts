import { Types } from 'mongoose';
import { now, nowDate } from '../../../runtime/clock.ts';
import type { RollSigningKeys, SigningKeyList } from '../../protocol/signing-keys.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { publishedUntil, ripeAt, rolled } from './key-roll-rules.ts';
import { statementsAfter, subjectOf } from './key-statements.ts';
import { newSigningKey } from './keys-file.ts';

/** The signing keys as operators see them, without private parts. */
export async function listSigningKeys(context: ServerContext): Promise<SigningKeyList> {
  await context.keys.refresh();
  const longestGraceMs = await context.db.plans.longestGraceMs();
  return {
    keys: context.keys.signingKeys.map((key) => ({
      kid: key.kid,
      state: key.state,
      publishedAt: key.publishedAt,
      usableFrom: key.state === 'next' ? ripeAt(key, longestGraceMs).toISOString() : null,
      retiredAt: key.retiredAt ?? null,
      publishedUntil: publishedUntil(key)?.toISOString() ?? null,
    })),
    revoked: context.keys.statements.revocations.map((jws) => {
      const { iat, jwk } = subjectOf(jws);
      return { kid: jwk.kid, revokedAt: new Date(iat * 1000).toISOString() };
    }),
  };
}

/**
 * Makes the next key sign, once: for a key that already signs nothing changes. Every process picks it up within
 * moments, and until then signs with the old key, which stays published unless it is compromised; then its revocation
 * is. Two concurrent rolls to the same key both succeed.
 *
 * Throws KEY_ROLL_TOO_EARLY before the next key has been published long enough, and KEY_ROLL_REFUSED if the named key
 * is not the next one or the keys are not in a file.
 */
export async function rollSigningKeys(
  context: ServerContext,
  { to, compromised }: RollSigningKeys,
  { actor, requestId }: Actor,
): Promise<SigningKeyList> {
  const { keys } = context;
  if (!keys.inFile) {
    throw new Refusal(
      'KEY_ROLL_REFUSED',
      'The keys are configured in LICENCE_KEYS: change them there, or use LICENCE_KEYS_FILE.',
    );
  }
  await keys.refresh();
  if (keys.signing.kid === to) return listSigningKeys(context);
  const at = nowDate();
  // Pins the keys that the decision is about: another call may roll while this one asks the database.
  const held = keys.signingKeys;
  const { statements } = keys;
  const before = keys.signing.kid;
  const next = held.find(({ state }) => state === 'next');
  if (next === undefined) {
    const created = newSigningKey('next', at);
    const signing = [created, ...held];
    await keys.replaceSigning(
      signing,
      await statementsAfter(statements, { signing, added: [created], revoked: [], at }),
    );
    throw new Refusal('KEY_ROLL_TOO_EARLY', `There was no next key; ${created.kid} is published from now on.`);
  }
  if (next.kid !== to) throw new Refusal('KEY_ROLL_REFUSED', `The next key is ${next.kid}.`);
  const usableFrom = ripeAt(next, await context.db.plans.longestGraceMs());
  if (!compromised && now() < usableFrom.getTime()) {
    throw new Refusal('KEY_ROLL_TOO_EARLY', `The key ${to} can sign from ${usableFrom.toISOString()}.`);
  }
  const entry = new Types.ObjectId().toHexString();
  const about = { entry, at: at.toISOString(), actor, requestId, from: before, compromised };
  const signing = rolled(held, about);
  const added = signing.filter(({ kid }) => held.every((key) => key.kid !== kid));
  const revoked = compromised ? held.filter(({ kid }) => kid === before) : [];
  await keys.replaceSigning(signing, await statementsAfter(statements, { signing, added, revoked, at }));
  await auditRoll(context);
  context.log.info({ from: before, to, compromised }, 'signing keys rolled');
  return listSigningKeys(context);
}

/** Appends the audit entry of the last roll, which is stored in the keys file. */
async function auditRoll({ keys, db }: ServerContext): Promise<void> {
  const current = keys.signingKeys.find(({ state }) => state === 'current');
  if (current?.roll === undefined) return;
  const { entry, at, actor, requestId, from, compromised } = current.roll;
  const change = { before: { kid: from }, after: { kid: current.kid, compromised } };
  const about = { _id: new Types.ObjectId(entry), at: new Date(at), actor, action: 'signing-key.rolled', requestId };
  await db.audit.append({ ...about, ...change, licenceId: null, activationId: null });
}

/** Picks up rolls of other processes, and audits interrupted ones, until the returned function is called. */
export function watchKeys(context: ServerContext): () => void {
  let audited: string | undefined;
  async function look(): Promise<void> {
    try {
      await context.keys.refresh();
    } catch (error) {
      context.log.error({ err: error }, 'the keys file is unusable; the current keys stay in use');
    }
    const { kid } = context.keys.signing;
    if (kid === audited) return;
    await auditRoll(context);
    audited = kid;
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => context.log.warn({ err: error }, 'a key roll could not be audited yet'));
  }, context.settings.keysReloadMs);
  timer.unref();
  return () => clearInterval(timer);
}
