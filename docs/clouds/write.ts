/**
 * Regenerates the generated files of this folder: the tables of README.md and the policies; a test fails when they are
 * out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { cloudCosts, exchangeRate } from '../../src/domain/catalogue/cloud-costs-data.ts';
import { countResources, plansTables, withTables } from './plans-table.ts';
import { policies } from './policies.ts';

const path = (name: string) => join(import.meta.dirname, name);
const page = path('README.md');
writeFileSync(
  page,
  withTables(
    readFileSync(page, 'utf8'),
    plansTables(catalogue, { costs: cloudCosts, exchange: exchangeRate }, await countResources(catalogue)),
  ),
);
for (const [name, document] of Object.entries(policies)) writeFileSync(path(name), document);
