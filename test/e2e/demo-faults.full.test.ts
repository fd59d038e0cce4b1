import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { processesOf, runDemo } from './run-demo.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'freehold-demo-faults-'));
afterAll(() => {
  rmSync(stateDir, { recursive: true, force: true });
});

test.each([
  ['host', 'failed_refunded'],
  ['licence-down', 'failed_refunded'],
  ['cancel', 'cancelled'],
] as const)(
  'fault %s: the money goes back in full and nothing is left over',
  async (fault, state) => {
    const { code, summary, shown } = await runDemo(stateDir, '--fault', fault);
    if (code !== 0) throw new Error(shown);
    expect(summary).toMatchObject({ ok: true, fault, order: { state }, url: null });
    expect(summary?.money).toMatchObject({ taken: summary?.money.total, refunded: summary?.money.total });
    expect(processesOf(stateDir)).toEqual([]);
  },
  180_000,
);
