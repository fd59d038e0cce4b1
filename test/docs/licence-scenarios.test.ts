import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { scenarioFaults, scenariosPage } from '../../docs/scenarios/licence.ts';

test('every scenario of the licence server has a test that is named after it, or a reason', () => {
  expect(scenarioFaults()).toEqual([]);
});

test('docs/licence-scenarios.md names them all: node docs/scenarios/write.ts writes it', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/licence-scenarios.md'), 'utf8')).toBe(scenariosPage());
});
