import { isReadOnly } from '../licence/client/gate.ts';
import type { LicenceSnapshot } from '../licence/client/types.ts';
import { devicesOf } from './actions/devices.ts';
import { type Asking, requireUser } from './actions/guards.ts';
import { type Host, isAdministrator } from './host.ts';
import { placeText } from './inputs.ts';
import { boundedThings, type Use, useOf } from './limits.ts';
import { productPlugins } from './plugins.ts';
import type { Brand } from './store/brands.ts';
import type { Device } from './store/devices.ts';
import type { Domain } from './store/domains.ts';
import type { Plugin } from './store/plugins.ts';
import type { Reading, ReadingPage } from './store/readings.ts';
import type { User } from './store/users.ts';

const iso = (ms: number) => new Date(ms).toISOString();
const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms));

/** Formats of the JSON API; times are ISO strings. */
export const show = {
  user: (host: Host, { id, email, admittedAt, joinedAt }: User) => ({
    id,
    email,
    administrator: isAdministrator(host, { email }),
    admittedAt: iso(admittedAt),
    joinedAt: isoOrNull(joinedAt),
  }),
  domain: ({ id, name, addedAt }: Domain) => ({ id, name, addedAt: iso(addedAt) }),
  brand: ({ id, name, domain, accent, band, hasLogo, addedAt }: Brand) => ({
    id,
    name,
    domain,
    accent,
    band,
    logo: hasLogo ? `/brands/${id}/logo` : null,
    addedAt: iso(addedAt),
  }),
  plugin: ({ id, name, addedAt }: Plugin) => ({ id, name, addedAt: iso(addedAt) }),
  device: ({ id, name, owner, addedAt }: Device) => ({ id, name, owner, addedAt: iso(addedAt) }),
  reading: ({ at, receivedAt, values }: Reading) => ({ at: iso(at), receivedAt: iso(receivedAt), values }),
  /** `next` is sent as `before` for the next older readings; null at the end. */
  readings: ({ readings, next }: ReadingPage) => ({
    readings: readings.map(show.reading),
    next: next && placeText(next),
  }),
};

function showLicence(licence: LicenceSnapshot) {
  const { state, reason, revision, notices } = licence;
  return {
    state,
    reason,
    readOnly: state === 'LOCKED' && isReadOnly(licence),
    revision,
    notices,
    lastGoodCheckAt: isoOrNull(licence.lastGoodCheckAt),
    nextCheckAt: isoOrNull(licence.nextCheckAt),
    graceUntil: isoOrNull(licence.graceUntil),
  };
}

/** Everything that a user's start page shows; only the administrator sees other users and their devices. */
export function hostState(host: Host, asking: Asking) {
  const user = requireUser(asking);
  const { contract, store } = host;
  const licence = host.licence();
  const users = isAdministrator(host, user) ? store.users.list() : [user];
  const counted = Object.fromEntries(boundedThings.map((thing) => [thing, useOf(host, thing)])) as Record<
    (typeof boundedThings)[number],
    Use
  >;
  return {
    instance: {
      id: contract.instanceId,
      hostname: contract.hostnames[0]!,
      hostnames: contract.hostnames,
      version: contract.productVersion,
      plan: licence.plan ?? contract.plan,
    },
    you: show.user(host, user),
    licence: showLicence(licence),
    limits: counted,
    /** The plan's limits on things that this product does not count; null = unlimited. */
    otherLimits: Object.fromEntries(Object.entries(licence.limits).filter(([name]) => !Object.hasOwn(counted, name))),
    users: users.map((one) => show.user(host, one)),
    domains: store.domains.list().map(show.domain),
    brands: store.brands.list().map(show.brand),
    plugins: store.plugins.list().map(show.plugin),
    /** What can be enabled, by code. */
    productPlugins,
    devices: devicesOf(host, user).map((device) => ({
      ...show.device(device),
      lastReading: store.readings.newest(device.id, 1).map(show.reading)[0] ?? null,
    })),
  };
}

export type HostState = ReturnType<typeof hostState>;
