import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import type { ConsoleRequest } from '../private-server.ts';
import { createGcpClient } from './client.ts';

const SerialPort = z.object({ contents: z.string().default('') });

/** The output of the first serial port of a machine, of which Google keeps the newest MiB. */
export async function readGcpConsole({ serverId }: ConsoleRequest, env: NodeJS.ProcessEnv): Promise<string> {
  const client = createGcpClient(env);
  const { status, body } = await client.ask(`${client.compute}${serverId}/serialPort?port=1`, { allowed: [404] });
  if (status === 404) throw new ReasonError('host_gone', serverId);
  return SerialPort.parse(body).contents;
}
