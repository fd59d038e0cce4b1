import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Role } from '../../../src/contracts/api/account.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import {
  type AccountPeople,
  acceptInvitation,
  changeRoles,
  invite,
  leaveAccount,
  orderedRoles,
  removeMember,
  renewInvitation,
  revokeInvitation,
} from '../../../src/domain/accounts/account-people.ts';

const limits = { people: 6, mailsPerHour: 5 };
const hour = 3_600_000;
const start = Date.UTC(2026, 0, 1);

const founded = (): AccountPeople => ({
  email: 'm0@example.com',
  members: [{ _id: 'm0', email: 'm0@example.com', roles: ['payer', 'admin'] }],
  invitations: [],
  invitationMails: [],
});

/** The code with which a change was refused. */
function refusal(change: () => unknown): string {
  try {
    change();
  } catch (error) {
    if (error instanceof ReasonError) return error.code;
    throw error;
  }
  return 'none';
}

const someRoles = fc.uniqueArray(fc.constantFrom(...Role.options), { minLength: 1 });
// Mostly the same few, so that their actions interfere.
const who = fc.oneof(fc.nat({ max: 1 }), fc.nat({ max: 7 }));
const step = fc.oneof(
  fc.record({ kind: fc.constant('invite' as const), actor: who, email: who, roles: someRoles }),
  fc.record({ kind: fc.constant('renew' as const), actor: who, which: who }),
  fc.record({ kind: fc.constant('revoke' as const), actor: who, which: who }),
  fc.record({ kind: fc.constant('accept' as const), which: who }),
  fc.record({ kind: fc.constant('roles' as const), actor: who, which: who, roles: someRoles }),
  fc.record({ kind: fc.constant('remove' as const), actor: who, which: who }),
  fc.record({ kind: fc.constant('leave' as const), actor: who }),
  fc.record({ kind: fc.constant('wait' as const), minutes: fc.nat({ max: 90 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer Taken> ? Taken : never;

/** Applies one step to an account, as its members might. */
function take(people: AccountPeople, next: Step, at: Date, serial: number): Partial<AccountPeople> {
  const actor = 'actor' in next ? `m${next.actor}` : '';
  const fresh = { tokenHash: `t${serial}`, expiresAt: new Date(at.getTime() + hour) };
  switch (next.kind) {
    case 'invite': {
      const of = { _id: `i${serial}`, email: `m${next.email}@example.com`, roles: next.roles, invitedBy: actor };
      return invite(people, { actor, invitation: { ...of, createdAt: at, ...fresh }, limits });
    }
    case 'renew':
      return renewInvitation(people, { actor, id: `i${next.which}`, renewal: fresh, at, limits });
    case 'revoke':
      return revokeInvitation(people, { actor, id: `i${next.which}` });
    case 'accept': {
      const tokenHash = people.invitations[next.which % (people.invitations.length + 1)]?.tokenHash ?? 'none';
      const email = people.invitations.find((each) => each.tokenHash === tokenHash)?.email ?? '';
      return acceptInvitation(people, { tokenHash, memberId: email.split('@')[0] ?? '', at });
    }
    case 'roles':
      return changeRoles(people, { actor, id: `m${next.which}`, roles: next.roles });
    case 'remove':
      return removeMember(people, { actor, id: `m${next.which}` });
    case 'leave':
      return leaveAccount(people, { actor });
    case 'wait':
      return {};
  }
}

describe('the people of an account', () => {
  test('keep an administrator, its holder, invitations of administrators, one entry per address and the limits, whatever anybody tries in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        let people = founded();
        let at = start;
        const mails: number[] = [];
        for (const [serial, next] of steps.entries()) {
          if (next.kind === 'wait') at += next.minutes * 60_000;
          const before = structuredClone(people);
          const code = refusal(() => {
            const change = take(people, next, new Date(at), serial);
            if (next.kind === 'invite' || next.kind === 'renew') mails.push(at);
            people = { ...people, ...change };
          });
          // A refusal changes nothing, and nothing is changed in place.
          if (code !== 'none') expect(people).toEqual(before);
          const administrators = people.members.filter(({ roles }) => roles.includes('admin')).map(({ _id }) => _id);
          expect(administrators).not.toEqual([]);
          expect(people.members[0]?.email).toBe(people.email);
          // No invitation outlives the right to send it.
          expect(people.invitations.filter(({ invitedBy }) => !administrators.includes(invitedBy))).toEqual([]);
          const addresses = [...people.members, ...people.invitations].map(({ email }) => email);
          expect(new Set(addresses).size).toBe(addresses.length);
          expect(addresses.length).toBeLessThanOrEqual(limits.people);
          expect(mails.filter((mailed) => mailed > at - hour).length).toBeLessThanOrEqual(limits.mailsPerHour);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('are changed by administrators alone, except by who leaves or accepts', () => {
    const people: AccountPeople = {
      ...founded(),
      members: [...founded().members, { _id: 'm1', email: 'm1@example.com', roles: ['payer', 'viewer'] }],
    };
    for (const [actor, code] of [
      ['m1', 'not_allowed'],
      ['m9', 'not_signed_in'],
    ] as const) {
      expect(refusal(() => changeRoles(people, { actor, id: 'm0', roles: ['viewer'] }))).toBe(code);
      expect(refusal(() => removeMember(people, { actor, id: 'm0' }))).toBe(code);
      expect(refusal(() => revokeInvitation(people, { actor, id: 'i0' }))).toBe(code);
    }
    expect(leaveAccount(people, { actor: 'm1' }).members).toEqual(founded().members);
  });

  test('are told what they ask for is not there before whose the account is, and that before who is the last', () => {
    expect(refusal(() => removeMember(founded(), { actor: 'm0', id: 'm5' }))).toBe('not_found');
    expect(refusal(() => removeMember(founded(), { actor: 'm0', id: 'm0' }))).toBe('account_holder');
    const other = { ...founded(), email: 'm1@example.com' };
    expect(refusal(() => removeMember(other, { actor: 'm0', id: 'm0' }))).toBe('last_administrator');
  });

  test('have their roles once each, in one order', () => {
    expect(orderedRoles(['viewer', 'admin', 'viewer', 'payer'])).toEqual(['payer', 'admin', 'viewer']);
  });

  test('wait for the oldest mail of the hour to be an hour old', () => {
    const full = {
      ...founded(),
      invitationMails: [0, 10, 20, 30, 40].map((minute) => new Date(start + minute * 60_000)),
    };
    const renewAt = (minute: number) => () =>
      renewInvitation(
        { ...full, invitations: [invitation] },
        {
          actor: 'm0',
          id: 'i0',
          renewal: { tokenHash: 't', expiresAt: new Date(0) },
          at: new Date(start + minute * 60_000),
          limits,
        },
      );
    const invitation = {
      ...{ _id: 'i0', email: 'x@example.com', roles: ['viewer' as const], tokenHash: 't0', invitedBy: 'm0' },
      ...{ createdAt: new Date(start), expiresAt: new Date(start) },
    };
    let waits = 0;
    try {
      renewAt(50)();
    } catch (error) {
      waits = (error as ReasonError).retryAfterMs ?? 0;
    }
    expect(waits).toBe(10 * 60_000);
    expect(renewAt(60)().invitationMails).toHaveLength(5);
  });
});
