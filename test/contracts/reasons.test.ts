import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Reasons } from '../../src/contracts/reasons/reason.ts';
import { reasons } from '../../src/contracts/reasons.ts';

const folder = join(import.meta.dirname, '../../src/contracts/reasons');

/** The codes of one area's file. */
async function codesOf(file: string): Promise<string[]> {
  const area: Record<string, Reasons> = await import(join(folder, file));
  return Object.values(area).flatMap(Object.keys);
}

test('the catalogue has every code of every area, and no code in two of them', async () => {
  const areas = readdirSync(folder).filter((file) => file !== 'reason.ts');
  const codes = (await Promise.all(areas.map(codesOf))).flat();
  expect(codes.length).toBeGreaterThan(80);
  expect(codes.sort()).toEqual(Object.keys(reasons).sort());
});

test('every reason is told in sentences', () => {
  for (const { customer, operator, next } of Object.values(reasons)) {
    for (const sentence of [customer, operator, next]) expect(sentence).toMatch(/^[A-Z].*\.$/s);
  }
});
