import { isIP } from 'node:net';
import { ipKeyGenerator } from 'express-rate-limit';

/** An address as some proxies forward it: with the port of the connection. */
const withPort = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[\d.]+))(?::\d{1,5})?$/;
/** The bits of an IPv6 address that name a network: providers give each customer at least a whole /64. */
const ipv6Bits = 64;

/**
 * The client that every limit per address counts: an IPv4 address, or the /64 network of an IPv6 address. A port beside
 * the address does not count. Whatever is no address, which only a misconfigured proxy sends, is one client: `unknown`.
 */
export function clientOf(address: string | undefined): string {
  const { v4, v6 } = withPort.exec(address ?? '')?.groups ?? {};
  const plain = v4 ?? v6 ?? address ?? '';
  return isIP(plain) === 0 ? 'unknown' : ipKeyGenerator(plain, ipv6Bits);
}
