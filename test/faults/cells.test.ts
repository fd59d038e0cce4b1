import { describe, expect, test } from '@jest/globals';
import { allCells, chooseCells, isUndone, matrixSteps, sampleCells } from '../../faults/cells.ts';
import { victims } from '../../faults/processes.ts';

describe('the kill matrix', () => {
  test('names every cell once', () => {
    const names = allCells().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining([
        'control:create-subscription:before',
        'mailbox:send-mail:after',
        'pulumi:stack-up:before',
        'provider:destroy-stack:before',
        'stripe:settle-money:after',
        'temporal:stack-up:before:cancelled',
      ]),
    );
  });

  test('kills every process that lives at every step, before and after', () => {
    const cells = allCells().filter(({ cancelled }) => !cancelled);
    for (const step of matrixSteps) {
      for (const moment of ['before', 'after']) {
        expect(cells.filter((cell) => cell.step === step && cell.moment === moment).length).toBeGreaterThanOrEqual(10);
      }
    }
  });

  test('cancels only where a customer can', () => {
    const steps = new Set(allCells().flatMap(({ cancelled, step }) => (cancelled ? [step] : [])));
    expect(steps).toContain('stack-up');
    expect(steps).not.toContain('mark-ready');
    expect([...steps].some((step) => isUndone({ step }))).toBe(false);
  });

  test('goes on from a cell and runs named ones', () => {
    const all = allCells();
    expect(chooseCells({})).toEqual(all);
    expect(chooseCells({ from: all[30]!.name })).toEqual(all.slice(30));
    const names = [all[40]!.name, all[3]!.name];
    expect(chooseCells({ names }).map(({ name }) => name)).toEqual([all[3]!.name, all[40]!.name]);
    expect(() => chooseCells({ from: 'no:such:cell' })).toThrow(RangeError);
    expect(() => chooseCells({ names: ['api:nowhere:before'] })).toThrow(/no:?|nowhere/);
  });
});

describe('a sample', () => {
  test.each([1, 2, 3, 77, 4_096])('meets every process and every step: seed %i', (seed) => {
    const sample = sampleCells(seed);
    expect(new Set(sample.map(({ victim }) => victim))).toEqual(new Set(victims));
    expect(new Set(sample.map(({ step }) => step))).toEqual(new Set(matrixSteps));
    expect(sample.some(({ cancelled }) => cancelled)).toBe(true);
    expect(sample.length).toBeLessThan(25);
    expect(sampleCells(seed)).toEqual(sample);
  });
});
