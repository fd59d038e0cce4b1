import type { Log } from '../../src/runtime/log.ts';
import type { HostProcesses, Images } from '../cloud/host-processes.ts';
import { createDouble, type Double } from './double.ts';
import { createMachines } from './machines.ts';
import { openObjectArea } from './object-area.ts';
import { tables } from './tables.ts';

/** All emulated clouds, on the small cloud's database, data folder and processes. */
export function openDoubles(options: {
  file: string;
  folder: string;
  dnsZone: string;
  listingDelayMs(): number;
  processes: HostProcesses;
  images: Images;
  reservePort(): Promise<number>;
  promisePort(port: number): void;
  log: Log;
}): ReadonlyMap<string, Double> {
  return new Map(
    tables.map((table) => {
      const area = openObjectArea(options.file, table, options);
      const machines = createMachines({ ...options, table, area });
      return [table.cloud, createDouble({ table, area, machines })];
    }),
  );
}
