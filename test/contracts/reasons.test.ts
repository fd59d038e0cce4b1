import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Reasons } from '../../src/contracts/reasons/reason.ts';
import { type ReasonCode, reasons } from '../../src/contracts/reasons.ts';
import { textsOf } from '../../src/texts/texts.ts';

const source = join(import.meta.dirname, '../../src');

/** The codes of one area's file. */
async function codesOf(folder: string, file: string): Promise<string[]> {
  const area: Record<string, Reasons> = await import(join(source, folder, file));
  return Object.values(area).flatMap(Object.keys).sort();
}

const areas = readdirSync(join(source, 'contracts/reasons')).filter((file) => file !== 'reason.ts');

test('the catalogue has every code of every area, and no code in two of them', async () => {
  const codes = (await Promise.all(areas.map((file) => codesOf('contracts/reasons', file)))).flat();
  expect(codes.length).toBeGreaterThan(80);
  expect(codes.sort()).toEqual(Object.keys(reasons).sort());
});

test('every code has its sentences in the file of its area, and no sentence is without a code', async () => {
  expect(readdirSync(join(source, 'texts/en/reasons')).sort()).toEqual([...areas, 'index.ts'].sort());
  for (const file of areas) {
    expect([file, await codesOf('texts/en/reasons', file)]).toEqual([file, await codesOf('contracts/reasons', file)]);
  }
});

test('every reason is told in sentences', () => {
  const texts: Record<ReasonCode, Record<'customer' | 'operator' | 'next', string>> = textsOf('en').reasons;
  expect(Object.keys(texts).sort()).toEqual(Object.keys(reasons).sort());
  for (const { customer, operator, next } of Object.values(texts)) {
    for (const sentence of [customer, operator, next]) expect(sentence).toMatch(/^[A-Z].*\.$/s);
  }
});
