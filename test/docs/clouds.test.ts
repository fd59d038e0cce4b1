import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { begin, countResources, end, plansTables, withTables } from '../../docs/clouds/plans-table.ts';
import { policies } from '../../docs/clouds/policies.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { cloudCosts, exchangeRate } from '../../src/domain/catalogue/cloud-costs-data.ts';
import { awsActions } from '../../src/stacks/aws/permissions.ts';
import { azureActions } from '../../src/stacks/azure/permissions.ts';
import { digitaloceanScopes } from '../../src/stacks/digitalocean/permissions.ts';
import { gcpPermissions } from '../../src/stacks/gcp/permissions.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/clouds/README.md'), 'utf8');
const tables = plansTables(catalogue, { costs: cloudCosts, exchange: exchangeRate }, await countResources(catalogue));

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../docs/clouds', name), 'utf8');

describe('the documents that grant permissions', () => {
  test.each(Object.entries(policies))(
    '%s stands as the lists give it: node docs/clouds/write.ts writes it',
    (name, text) => {
      expect(read(name)).toBe(text);
      expect(page).toContain(`(${name})`);
    },
  );

  test('name every action that the check asks for, once, and no other', () => {
    const statements = ['aws-policy.json', 'aws-policy-services.json'].flatMap(
      (name): { Action: string[] }[] => JSON.parse(read(name)).Statement,
    );
    expect([...new Set(statements.flatMap(({ Action }) => Action))].sort()).toEqual([...awsActions].sort());
    expect(JSON.parse(read('azure-role.json')).Actions.sort()).toEqual([...azureActions].sort());
    const permissions = [...read('gcp-role.yaml').matchAll(/^ {2}- (\S+)$/gm)].map(([, permission]) => permission);
    expect(permissions.sort()).toEqual([...gcpPermissions].sort());
    expect(read('digitalocean-scopes.txt').trim().split('\n').sort()).toEqual([...digitaloceanScopes].sort());
    for (const list of [awsActions, azureActions, gcpPermissions, digitaloceanScopes]) {
      expect(new Set(list).size).toBe(list.length);
      expect(list.filter((action) => action.includes('*'))).toEqual([]);
    }
  });
});

describe('docs/clouds/README.md', () => {
  test('has the tables that catalogue and price lists give: node docs/clouds/write.ts writes them', () => {
    expect(page.slice(page.indexOf(begin), page.indexOf(end) + end.length)).toBe(tables);
    expect(withTables(page, tables)).toBe(page);
  });

  test('names every size that is sold, and the date and the source of every price list', () => {
    for (const cloud of catalogue.clouds) {
      if (cloud.name === 'local') continue;
      for (const size of Object.values(cloud.sizes)) expect(tables).toContain(size);
      const { asOf, source } = cloudCosts[cloud.name];
      expect(tables).toContain(`known as of ${asOf}, to be compared with [the price list](${source})`);
    }
  });
});
