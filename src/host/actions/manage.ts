import { textsOf } from '../../texts/texts.ts';
import { type Host, isAdministrator } from '../host.ts';
import { NewBrand, NewDomain, NewPlugin, NewUser, parse } from '../inputs.ts';
import { requireRoom } from '../limits.ts';
import { HostError } from '../reasons.ts';
import { shownName } from '../shown-name.ts';
import type { Brand } from '../store/brands.ts';
import type { Domain } from '../store/domains.ts';
import type { Plugin } from '../store/plugins.ts';
import type { User } from '../store/users.ts';
import { type Asking, requireAdministratorsChange } from './guards.ts';

const { details: texts } = textsOf('en').host;

/** Admits an address, whose owner may then create an account. */
export function addUser(host: Host, asking: Asking, input: unknown): User {
  requireAdministratorsChange(host, asking);
  const { email } = parse(NewUser, input);
  if (isAdministrator(host, { email }) || host.store.users.byEmail(email)) {
    throw new HostError('already_there', { detail: texts.user });
  }
  requireRoom(host, 'users');
  return host.store.users.admit(email);
}

/** Removes a user with sessions, devices and their readings. */
export function removeUser(host: Host, asking: Asking, id: string): void {
  requireAdministratorsChange(host, asking);
  const user = host.store.users.byId(id);
  if (!user) throw new HostError('not_found');
  if (isAdministrator(host, user)) throw new HostError('administrator_stays');
  host.store.users.remove(id);
}

/** From then on this server also answers under that name. */
export function addDomain(host: Host, asking: Asking, input: unknown): Domain {
  requireAdministratorsChange(host, asking);
  const { name } = parse(NewDomain, input);
  if (host.contract.hostnames.includes(name) || host.store.domains.byName(name)) {
    throw new HostError('already_there', { detail: texts.domain });
  }
  requireRoom(host, 'domains');
  return host.store.domains.add(name);
}

export function removeDomain(host: Host, asking: Asking, id: string): void {
  requireAdministratorsChange(host, asking);
  const domain = host.store.domains.byId(id);
  if (!domain) throw new HostError('not_found');
  const brand = host.store.brands.ofDomain(id);
  if (brand) {
    const detail = texts.brandUsesDomain({ brand: brand.name, domain: shownName(domain.name) });
    throw new HostError('domain_in_use', { detail });
  }
  host.store.domains.remove(id);
}

/** A brand belongs to a custom domain without another brand. */
export function addBrand(host: Host, asking: Asking, input: unknown): Brand {
  requireAdministratorsChange(host, asking);
  const { domain: domainName, ...brand } = parse(NewBrand, input);
  if (host.store.brands.byName(brand.name)) {
    throw new HostError('already_there', { detail: texts.brand });
  }
  const domain = host.store.domains.byName(domainName);
  if (!domain) {
    const message = texts.brandNeedsDomain;
    throw new HostError('invalid_input', { detail: message, faults: [{ field: 'domain', message }] });
  }
  const holder = host.store.brands.ofDomain(domain.id);
  if (holder) {
    throw new HostError('already_there', { detail: texts.brandUsesThis({ brand: holder.name }) });
  }
  requireRoom(host, 'brands');
  return host.store.brands.add({ ...brand, logo: brand.logo, domainId: domain.id });
}

export function removeBrand(host: Host, asking: Asking, id: string): void {
  requireAdministratorsChange(host, asking);
  if (!host.store.brands.remove(id)) throw new HostError('not_found');
}

export function addPlugin(host: Host, asking: Asking, input: unknown): Plugin {
  requireAdministratorsChange(host, asking);
  const { name } = parse(NewPlugin, input);
  if (host.store.plugins.has(name)) {
    throw new HostError('already_there', { detail: texts.plugin });
  }
  requireRoom(host, 'plugins');
  return host.store.plugins.add(name);
}

export function removePlugin(host: Host, asking: Asking, id: string): void {
  requireAdministratorsChange(host, asking);
  if (!host.store.plugins.remove(id)) throw new HostError('not_found');
}
