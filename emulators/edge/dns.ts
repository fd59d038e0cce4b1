import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import packet, { AUTHORITATIVE_ANSWER, type DecodedPacket, type Packet } from 'dns-packet';
import type { Log } from '../../src/runtime/log.ts';
import type { Zone } from './zone.ts';

/** Response codes of RFC 1035, 4.1.1, as the last bits of the flags. */
const rcode = { noError: 0, serverFailure: 2, nxDomain: 3 };

/**
 * A DNS server on loopback for one zone: A records 127.0.0.1 with the record's TTL for names that have a record,
 * NXDOMAIN for others. Returns the port it listens on.
 */
export async function serveDns(options: {
  port: number;
  zone: Zone;
  log: Log;
}): Promise<{ port: number; socket: Socket }> {
  const { zone, log } = options;
  const socket = createSocket('udp4');

  async function answer(query: DecodedPacket): Promise<Packet> {
    const [question] = query.questions ?? [];
    const reply: Packet = { type: 'response', id: query.id ?? 0, questions: query.questions ?? [], answers: [] };
    if (!question) return { ...reply, flags: AUTHORITATIVE_ANSWER | rcode.serverFailure };
    try {
      const record = await zone.find(question.name);
      if (!record) return { ...reply, flags: AUTHORITATIVE_ANSWER | rcode.nxDomain };
      const data = record.address.split(':')[0]!;
      const answers: Packet['answers'] =
        question.type === 'A' ? [{ type: 'A', name: question.name, ttl: record.ttl, data }] : [];
      return { ...reply, answers, flags: AUTHORITATIVE_ANSWER | rcode.noError };
    } catch (error) {
      log.warn({ err: error, name: question.name }, 'the cloud did not answer');
      return { ...reply, flags: AUTHORITATIVE_ANSWER | rcode.serverFailure };
    }
  }

  socket.on('message', async (message, sender) => {
    let query: DecodedPacket;
    try {
      query = packet.decode(message);
    } catch {
      // Not DNS, so there is nothing to answer.
      return;
    }
    if (query.type !== 'query') return;
    socket.send(packet.encode(await answer(query)), sender.port, sender.address);
  });
  socket.bind(options.port, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('error', (error) => log.error({ err: error }, 'DNS socket'));
  return { port: socket.address().port, socket };
}
