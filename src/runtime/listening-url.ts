import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The address at which a listening HTTP server is reached, with IPv6 addresses in brackets. */
export function listeningUrl(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
