import { describe, expect, test } from '@jest/globals';
import { controlConfig } from '../../../src/config.ts';
import { durationsOf, stepNamesOf, workflowTypeOf } from '../../../src/contracts/operations/operation.ts';
import { findOperation, operations } from '../../../src/contracts/operations/registry.ts';
import { isUndoStep, type StepName } from '../../../src/contracts/steps.ts';
import { operationText, stepText } from '../../../src/domain/operations/operation-texts.ts';

const undoNamesOf = ({ undo }: (typeof operations)[number]) => undo.flat().map(({ name }) => name);

describe.each(operations.map((operation) => [operation.kind, operation] as const))('%s', (kind, operation) => {
  test('names every undo step once, and takes back no step by one that it does not have', () => {
    const undos = undoNamesOf(operation);
    expect(new Set(undos).size).toBe(undos.length);
    expect(undos.filter((name) => !isUndoStep(name as StepName))).toEqual([]);
    for (const { undo } of operation.steps) if (undo) expect(undos).toContain(undo);
    expect(stepNamesOf(operation).filter((name) => isUndoStep(name as StepName))).toEqual([]);
  });

  test('has a pivot among its steps, with a window before it, or undoes nothing', () => {
    if (operation.pivot === null) {
      expect([undoNamesOf(operation), operation.operatorWindow]).toEqual([[], undefined]);
      return;
    }
    expect(stepNamesOf(operation)).toContain(operation.pivot);
    expect(operation.operatorWindow?.defaultMs).toBeGreaterThan(0);
    const at = stepNamesOf(operation).indexOf(operation.pivot);
    expect(operation.steps.slice(at).filter(({ undo }) => undo)).toEqual([]);
  });

  test('says from where it may begin and who may ask for it, both or neither', () => {
    expect(operation.requestedBy.length > 0).toBe(operation.admission.from.length > 0);
    expect(operation.requestedBy.includes('customer')).toBe(operation.role !== undefined);
  });

  test('is told in sentences', () => {
    const { live } = operationText(kind);
    expect(live.lead).toMatch(/^[A-Z].*\.$/);
    for (const name of [...stepNamesOf(operation), ...undoNamesOf(operation)]) {
      expect(stepText(name as StepName, kind).title).toMatch(/^[A-Z]/);
      expect(stepText(name as StepName, kind).why).toMatch(/^[A-Z].*\.$/);
    }
  });
});

test('a step that several operations have is the same in all of them', () => {
  const facts = new Map<string, unknown>();
  for (const { steps, undo, pivot } of operations) {
    const at = steps.findIndex(({ name }) => name === pivot);
    for (const [index, step] of steps.entries()) {
      const fact = { skippable: step.skippable, undo: step.undo, afterPivot: at >= 0 && index > at };
      expect(facts.get(step.name) ?? fact).toEqual(fact);
      facts.set(step.name, fact);
    }
    for (const { name } of undo.flat()) expect(facts.has(name)).toBe(false);
  }
});

test('a variable that several operations share has one default, which the configuration has too', () => {
  const defaults = new Map<string, number>();
  for (const { variable, defaultMs } of operations.flatMap(durationsOf)) {
    expect(defaults.get(variable) ?? defaultMs).toBe(defaultMs);
    defaults.set(variable, defaultMs);
  }
  const config: Record<string, unknown> = controlConfig({
    ...{ MONGODB_URI: 'unused', STRIPE_SECRET_KEY: 'sk_test_1', LICENCE_SERVER_URL: 'http://127.0.0.1:1' },
    ...{ LICENCE_ADMIN_TOKEN: 'a-token-of-the-tests', FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:1' },
    ...{ FREEHOLD_SIGNING_KEY: 'a-key-of-the-tests', SMTP_URL: 'smtp://127.0.0.1:1' },
    FREEHOLD_ALERT_CRITICAL_MAIL: 'night@example.com',
  });
  for (const [variable, ms] of defaults) expect([variable, config[variable]]).toEqual([variable, ms]);
  expect(defaults.get('FREEHOLD_AWAIT_PAYMENT_MS')).toBe(22 * 3_600_000);
});

test('a kind that nobody declared is no operation', () => {
  expect(findOperation('dance')).toBeUndefined();
  expect(findOperation('constructor')).toBeUndefined();
  expect(findOperation('check-drift')?.kind).toBe('check-drift');
  expect(workflowTypeOf('check-drift')).toBe('checkDrift');
});
