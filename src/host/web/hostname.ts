import type { IncomingMessage } from 'node:http';
import type { Host } from '../host.ts';

/** The name in the Host header, lower case, without port and final dot; never taken from a forwarded header. */
export function hostnameOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return (headers.host ?? '').replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
}

/** Whether this server answers under the name: its own hostnames and the custom domains. */
export function knowsHost({ contract, store }: Pick<Host, 'contract' | 'store'>, hostname: string): boolean {
  return contract.hostnames.includes(hostname) || store.domains.byName(hostname) !== undefined;
}
