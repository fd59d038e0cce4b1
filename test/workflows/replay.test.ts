import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { checkDrift } from '../../src/contracts/operations/check-drift.ts';
import { stepNamesOf } from '../../src/contracts/operations/operation.ts';
import { provision } from '../../src/contracts/operations/provision.ts';
import { restart } from '../../src/contracts/operations/restart.ts';
import { isAfterPivot, isSkippable, isUndoStep, StepName } from '../../src/contracts/steps.ts';
import { boundOf, bounds, happenings } from '../histories/bounds.ts';
import { eventsOf, metBy, typeOf } from '../histories/happenings.ts';
import { readRuns, readText, recordedNames } from '../histories/recorded.ts';
import { scenarios } from '../histories/scenarios.ts';
import { type Run, workflowBundle } from '../support/temporal.ts';

const provisionSteps = stepNamesOf(provision);
const checkDriftSteps = stepNamesOf(checkDrift);

const names = recordedNames();
const recorded = new Map(names.map((name) => [name, readRuns(name)]));
const runs = [...recorded.values()].flat();

/** Possible changes to the code of each kind of workflow: renamed or reordered activities. */
const changes: readonly [workflow: keyof typeof bounds, way: string, renamed: Record<string, string>][] = [
  ['provision', 'delivered', { issueLicence: 'issueAnother' }],
  ['provision', 'delivered', { awaitHealthy: 'awaitActivation', awaitActivation: 'awaitHealthy' }],
  ['provision', 'settled-late', { revokeLicence: 'destroyStack', destroyStack: 'revokeLicence' }],
  ['instance', 'terminated-and-run-again', { noteOperation: 'noteAnother' }],
  ['reconcileFleet', 'fleet-repaired', { readHolds: 'readLicenceList', readLicenceList: 'readHolds' }],
  ['reconcileFleet', 'fleet-repaired', { noteRepaired: 'noteAnother' }],
  ['subscription', 'subscription-renewed', { readSubscription: 'readAnother' }],
  ['subscription', 'subscription-renewed', { movePaidUntil: 'moveAnother' }],
  ['settleLatePayment', 'late-payment-settled', { sendLateRefund: 'sendAnother' }],
  ['checkDrift', 'drift-repaired', { repairStack: 'awaitHealthy', awaitHealthy: 'repairStack' }],
  ['checkDrift', 'drift-not-found-by-an-operator', { openOperation: 'openAnother' }],
  ['instance', 'drift-check-terminated', { endBroken: 'endAnother' }],
  ['scanDrift', 'fleet-scanned-for-drift', { followDriftChecks: 'followOthers' }],
  ['keepSnapshots', 'snapshots-kept', { beginPass: 'beginAnother' }],
  ['checkClouds', 'clouds-checked', { checkCloud: 'checkAnother' }],
  ['applyCorrection', 'address-corrected', { mailAgain: 'mailAnother' }],
  ['tellOperators', 'operators-told', { tellTarget: 'tellAnother' }],
];

function changed([workflow, way, renamed]: (typeof changes)[number]): Run {
  const run = readRuns(way).find((each) => typeOf(each) === workflow)!;
  for (const { activityTaskScheduledEventAttributes: scheduled } of run.history.events!) {
    const name = scheduled?.activityType?.name ?? '';
    if (renamed[name]) scheduled!.activityType!.name = renamed[name];
  }
  return run;
}

/** The result of replaying each history against the current workflows: an error, or null. */
const outcomes = new Map<Run, Error | null>();
const others = changes.map(changed);
beforeAll(async () => {
  const all = [...runs, ...others];
  let at = 0;
  for await (const { error = null } of Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, all)) {
    outcomes.set(all[at]!, error);
    at += 1;
  }
}, 120_000);

describe('workflows that run while their code changes', () => {
  test.each(names)('go on where they were: %s', (name) => {
    const replayed = recorded.get(name)!.map((run) => outcomes.get(run));
    expect(replayed).toEqual(replayed.map(() => null));
  });

  test.each(changes.map((change, at) => [...change, others[at]!] as const))(
    'are not changed unnoticed: %s, %s, %j',
    (_workflow, _way, _renamed, run) => {
      expect(outcomes.get(run)).toBeInstanceOf(DeterminismViolationError);
    },
  );
});

describe('recorded histories', () => {
  test('are kept of every way, and of no other', () => {
    expect(names).toEqual(Object.keys(scenarios).sort());
  });

  test('hold every decision about every step, and every end that a step can come to', () => {
    const met = new Set(runs.filter((run) => typeOf(run) === 'provision').flatMap(metBy));
    const beforePivot = provisionSteps.filter((step) => !isAfterPivot(step));
    const own = StepName.options.filter(
      (step) => isUndoStep(step) || (provisionSteps as readonly StepName[]).includes(step),
    );
    const expected = [
      ...own.map((step) => `retry at ${step}`),
      ...own.filter(isSkippable).map((step) => `skip at ${step}`),
      ...beforePivot.flatMap((step) => [`abort at ${step}`, `cancel at ${step}`, `window ends at ${step}`]),
      'cancel while stack-up waits',
    ];
    expect(expected.filter((each) => !met.has(each))).toEqual([]);
  });

  test('hold every decision about every step of a check of drift, and a cancel at each', () => {
    const met = new Set(runs.filter((run) => typeOf(run) === 'checkDrift').flatMap(metBy));
    // `detect-drift` never calls for an operator.
    const decided = checkDriftSteps.filter((step) => step !== 'detect-drift');
    const expected = [
      ...checkDriftSteps.map((step) => `cancel at ${step}`),
      ...decided.flatMap((step) => [`retry at ${step}`, `abort at ${step}`]),
      ...decided.filter(isSkippable).map((step) => `skip at ${step}`),
    ];
    expect(expected.filter((each) => !met.has(each))).toEqual([]);
  });

  test('hold every decision about every step of a restart, and a cancel at each', () => {
    const met = new Set(runs.filter((run) => typeOf(run) === 'restart').flatMap(metBy));
    const own = stepNamesOf(restart);
    const expected = [
      ...own.flatMap((step) => [`cancel at ${step}`, `retry at ${step}`, `abort at ${step}`]),
      ...own.filter(isSkippable).map((step) => `skip at ${step}`),
    ];
    expect(expected.filter((each) => !met.has(each))).toEqual([]);
  });

  test('hold entities, comparisons, scans, rounds and subscriptions that went on as new', () => {
    for (const workflow of ['instance', 'reconcileFleet', 'scanDrift', 'keepSnapshots', 'subscription']) {
      const gone = runs.filter((run) => typeOf(run) === workflow && goesOnAsNew(run));
      expect([workflow, gone.length > 0]).toEqual([workflow, true]);
    }
  });

  test.each(names)('stay within their bounds: %s', (name) => {
    for (const run of recorded.get(name)!) {
      expect(eventsOf(run).length).toBeLessThanOrEqual(boundOf(run));
    }
  });

  test('have the bounds that the documentation states', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/architecture.md'), 'utf8').replaceAll(/ +/g, ' ');
    for (const [workflow, { base, per }] of Object.entries(bounds)) {
      const more = Object.entries(per).map(([name, each]) => `${each} per ${name}`);
      expect(page).toContain(`| \`${workflow}\` | ${base} | ${more.join(', ')} |`);
      expect(Object.keys(happenings)).toEqual(expect.arrayContaining(Object.keys(per)));
    }
  });

  test('carry no address and no secret', () => {
    for (const name of names) {
      const text = readText(name);
      const payloads = [...text.matchAll(/"data": ?"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
        Buffer.from(data as string, 'base64').toString(),
      );
      const found = `${text}${payloads.join('\n')}`.match(/@[a-z0-9-]+\.|_secret_|sk_test|whsec_|Bearer|file:\/\//g);
      expect([name, found]).toEqual([name, null]);
    }
  });
});

function goesOnAsNew({ history }: Run): boolean {
  return Boolean(history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes);
}
