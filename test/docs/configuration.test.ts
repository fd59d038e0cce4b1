import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const names = (text: string, pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([, name]) => name as string));

/** Variables that the docs name and that other files than `src/config.ts` read. */
const elsewhere = [
  'TEMPORAL_ADDRESS',
  'FREEHOLD_STATE_DIR',
  'FREEHOLD_PORT_BASE',
  'FREEHOLD_PORT_API',
  'FREEHOLD_API_URL',
  'FREEHOLD_OPERATOR_TOKEN_FILE',
  'LOCAL_CLOUD_URL',
  'LOCAL_CLOUD_TOKEN',
  'PULUMI_CONFIG_PASSPHRASE',
  'PULUMI_CONFIG_PASSPHRASE_FILE',
  'NAME_FILE',
];

test('docs/operating.md names every variable of the configuration, and no other', () => {
  const configured = names(read('src/config.ts'), /^\s+([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+):/gm);
  const documented = names(read('docs/operating.md'), /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g);
  expect(configured.size).toBeGreaterThan(40);
  expect([...configured].filter((name) => !documented.has(name))).toEqual([]);
  expect([...documented].filter((name) => !configured.has(name) && !elsewhere.includes(name))).toEqual([]);
});
