import { cancellationSignal } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import type { OperationRef } from '../../contracts/workflow-messages.ts';
import { consoleLines } from '../../domain/operations/console-lines.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { MachineConsole } from '../../store/records.ts';
import type { ConsolePorts } from './ports.ts';

/**
 * Writes the last lines of the consoles of a server's machines into the record of the operation that waits for it, for
 * operators. The lines go through no workflow. A console that cannot be read is noted with the reason; only a database
 * that does not answer is an error.
 */
export function readConsole(ports: ConsolePorts) {
  return async ({ instanceId, operationId }: OperationRef): Promise<void> => {
    const instance = await ports.store.instances.find(instanceId);
    const serverIds = instance?.outputs?.serverIds ?? [];
    if (!instance || serverIds.length === 0) return;
    const { cloud, region } = instance;
    const machines = await Promise.all(
      serverIds.map(async (serverId): Promise<MachineConsole> => {
        try {
          const text = await ports.readConsole(cloud, { serverId, region, signal: cancellationSignal() });
          if (text === null) return { serverId, lines: [], problem: 'the cloud has no call for it' };
          return { serverId, lines: consoleLines(text, { secrets: ports.secrets, share: 1 / serverIds.length }) };
        } catch (error) {
          return { serverId, lines: [], problem: problemOf(error, ports.secrets) };
        }
      }),
    );
    await ports.store.operations.setConsole(operationId, { at: nowDate(), machines });
  };
}

function problemOf(error: unknown, secrets: readonly string[]): string {
  if (!(error instanceof ReasonError)) return 'the answer of the cloud was not understood';
  const [detail = ''] = consoleLines(error.detail?.replaceAll(/\s+/g, ' ') ?? '', { secrets });
  return detail === '' ? error.code : `${error.code}: ${detail}`;
}
