import { hasRoom, isReadOnly } from '../licence/client/gate.ts';
import { textsOf } from '../texts/texts.ts';
import { type Host, isAdministrator } from './host.ts';
import { HostError } from './reasons.ts';

const { details: texts, things: thingTexts } = textsOf('en').host;

/** Things whose number the licence bounds and this product counts. */
export const boundedThings = ['users', 'domains', 'brands', 'plugins', 'devices'] as const;
export type BoundedThing = (typeof boundedThings)[number];

export interface Use {
  used: number;
  /** null = unlimited. */
  limit: number | null;
}

/** How many of a thing exist; the administrator's account counts from the start. */
function countOf({ administrator, store }: Pick<Host, 'administrator' | 'store'>, thing: BoundedThing): number {
  switch (thing) {
    case 'users': {
      const users = store.users.list();
      return users.length + (users.some((user) => isAdministrator({ administrator }, user)) ? 0 : 1);
    }
    case 'devices':
      return store.devices.count();
    default:
      return store[thing].list().length;
  }
}

/** Numbers of everything limited, as reported with licence checks. */
export function usageOf(host: Pick<Host, 'administrator' | 'store'>): Record<BoundedThing, number> {
  return Object.fromEntries(boundedThings.map((thing) => [thing, countOf(host, thing)])) as Record<
    BoundedThing,
    number
  >;
}

export function useOf(host: Host, thing: BoundedThing): Use {
  return { used: countOf(host, thing), limit: host.licence().limits[thing] ?? null };
}

/** Throws `limit_reached` with the name of the limit if the plan allows no further one. */
export function requireRoom(host: Host, thing: BoundedThing): void {
  const { used, limit } = useOf(host, thing);
  if (limit === null || hasRoom(host.licence(), thing, used)) return;
  const plan = host.licence().plan ?? host.contract.plan;
  const things = thingTexts.counted[thing]({ count: limit });
  const detail = limit === 0 ? texts.noneInPlan({ plan, things }) : texts.allInUse({ used, limit, things, plan });
  throw new HostError('limit_reached', { detail, facts: { limit: thing, used, allowed: limit } });
}

/** Throws `starting` before the first verdict and `licence_locked` while the licence keeps management read-only. */
export function requireWritable(host: Host): void {
  const licence = host.licence();
  if (licence.state === 'NONE') throw new HostError('starting', { detail: licence.reason?.text });
  if (licence.state !== 'LOCKED' || !isReadOnly(licence)) return;
  throw lockRefusal('licence_locked', licence);
}

/** The refusal of a locked licence: its detail is why it is locked and what to do, its fact the code of the licence. */
export function lockRefusal(
  code: 'licence_locked' | 'licence_stopped',
  { reason }: ReturnType<Host['licence']>,
): HostError {
  if (!reason) return new HostError(code);
  return new HostError(code, { detail: `${reason.text} ${reason.remedy}`, facts: { licenceCode: reason.code } });
}
