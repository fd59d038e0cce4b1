import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Where webhooks may go. Whoever controls an endpoint's DNS can change its address, so the address is checked when the
 * connection is made, not only when the endpoint is created: a name that later points to an internal address reaches
 * nothing.
 */
export class AddressNotAllowed extends Error {
  readonly code = 'ADDRESS_NOT_ALLOWED';
}

/** The only part of IPv6 whose addresses are assigned to the public internet; `::127.0.0.1` is not in it. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether an address belongs to the public internet: no private, loopback, link-local, shared or reserved range. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address written as IPv6 is judged as IPv4.
  const judged = ipaddr.process(address);
  return judged.range() === 'unicast' && (judged.kind() === 'ipv4' || judged.match(globalUnicast));
}

/** Why an endpoint may not have this URL; null if it may. Host names are judged by `publicLookup`. */
export function addressFault(text: string, allowPrivate: boolean): string | null {
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'The address must not contain credentials.';
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) return 'The address must be https.';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && ipaddr.isValid(host) && !isPublicAddress(host)) return 'The address is not a public one.';
  return null;
}

/** Resolves a name as the system does, and fails with ADDRESS_NOT_ALLOWED if any of its addresses is not public. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => !isPublicAddress(address))) {
      return callback(new AddressNotAllowed(`${hostname} does not resolve to a public address.`), '', 0);
    }
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
