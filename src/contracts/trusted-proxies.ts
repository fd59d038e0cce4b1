import { z } from 'zod';

/** Names for the private ranges, as express knows them. */
const rangeNames = ['loopback', 'linklocal', 'uniquelocal'];
/**
 * The widest networks that may be trusted, by their prefix: the private ranges, and nothing that is most of the
 * internet.
 */
const shortestPrefix = { v4: 8, v6: 7 };

function isNetwork(text: string): boolean {
  const bits = Number(text.split('/')[1]);
  if (z.cidrv4().safeParse(text).success) return bits >= shortestPrefix.v4;
  return z.cidrv6().safeParse(text).success && bits >= shortestPrefix.v6;
}

function isProxy(text: string): boolean {
  const isAddress = z.ipv4().safeParse(text).success || z.ipv6().safeParse(text).success;
  return isAddress || rangeNames.includes(text) || isNetwork(text);
}

/**
 * The proxies whose `X-Forwarded-For` a server believes, comma-separated: addresses, networks such as `10.0.0.0/8`, and
 * the names `loopback`, `linklocal` and `uniquelocal`. The client is the last address that no such proxy has, so what a
 * client writes into the header itself is ignored. Neither "all proxies" nor a number of hops can be said: both believe
 * whoever reaches the server past its proxy.
 */
export const TrustedProxies = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .pipe(
    z.array(
      z.string().refine(isProxy, {
        error: 'not an address, a network of at least /8 (IPv6: /7), loopback, linklocal or uniquelocal',
      }),
    ),
  );
