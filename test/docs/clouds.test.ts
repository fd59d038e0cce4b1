import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { begin, end, plansTables, withTables } from '../../docs/clouds/plans-table.ts';
import { catalogue } from '../../src/domain/catalogue-data.ts';
import { cloudCosts } from '../../src/domain/cloud-costs-data.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/clouds/README.md'), 'utf8');
const tables = plansTables(catalogue, cloudCosts);

describe('docs/clouds/README.md', () => {
  test('has the tables that catalogue and price lists give: node docs/clouds/write-table.ts writes them', () => {
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
