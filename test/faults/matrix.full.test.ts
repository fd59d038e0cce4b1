import { expect, test } from '@jest/globals';
import type { MatrixSummary } from '../../faults/run-matrix.ts';
import { runFaults } from './run-faults.ts';

test('every process killed once and at every step: each order ends by itself, with one of each or with nothing', async () => {
  const { code, summary, shown } = await runFaults<MatrixSummary>('--matrix', '--sample', '1');
  if (code !== 0) throw new Error(shown);
  expect(summary).toMatchObject({ ok: true, violations: [], repeat: null });
  expect(summary!.cells.length).toBeGreaterThan(13);
  expect(summary!.cells.filter(({ ok }) => !ok)).toEqual([]);
}, 1_800_000);
