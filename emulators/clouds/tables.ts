import { awsTable } from './aws/table.ts';
import { azureTable } from './azure/table.ts';
import { digitaloceanTable } from './digitalocean/table.ts';
import { gcpTable } from './gcp/table.ts';
import type { CloudTable } from './rule-table.ts';

/** The emulated clouds. */
export const tables: readonly CloudTable[] = [awsTable, digitaloceanTable, gcpTable, azureTable];

export function tableOf(cloud: string): CloudTable {
  const table = tables.find((each) => each.cloud === cloud);
  if (!table) throw new Error(`there is no double of ${cloud}`);
  return table;
}
