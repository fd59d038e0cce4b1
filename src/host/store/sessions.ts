import { createHash } from 'node:crypto';
import { now } from '../../runtime/clock.ts';
import { newSecret } from '../../runtime/new-id.ts';
import type { Database } from './database.ts';

/** How long a session lasts, ms. */
export const sessionLifeMs = 14 * 86_400_000;

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Sessions survive a restart of the server; only the hash of a token is stored. */
export function createSessions({ sql, durably }: Database) {
  const insert = sql.prepare('insert into sessions (token_hash, user_id, expires_at) values (?, ?, ?)');
  const find = sql.prepare('select user_id as userId from sessions where token_hash = ? and expires_at > ?');
  const remove = sql.prepare('delete from sessions where token_hash = ?');
  const sweep = sql.prepare('delete from sessions where expires_at <= ?');

  return {
    /** Returns the token for the cookie. */
    begin(userId: string): string {
      const token = newSecret();
      durably(() => {
        sweep.run(now());
        insert.run(hashOf(token), userId, now() + sessionLifeMs);
      });
      return token;
    },
    userIdOf: (token: string) => (find.get(hashOf(token), now()) as { userId: string } | undefined)?.userId,
    end: (token: string) => durably(() => void remove.run(hashOf(token))),
  };
}
