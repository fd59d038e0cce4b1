/** Writes the generated part of `docs/clouds/README.md` anew; a test says when it is out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../src/domain/catalogue-data.ts';
import { cloudCosts } from '../../src/domain/cloud-costs-data.ts';
import { plansTables, withTables } from './plans-table.ts';

const path = join(import.meta.dirname, 'README.md');
writeFileSync(path, withTables(readFileSync(path, 'utf8'), plansTables(catalogue, cloudCosts)));
