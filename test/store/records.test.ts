import { beforeAll, describe, expect, test } from '@jest/globals';
import { ReasonError } from '../../src/contracts/reasons.ts';
import type { StepStatus } from '../../src/contracts/states.ts';
import { newId } from '../../src/runtime/new-id.ts';
import type { OperationRecord, OperationStep } from '../../src/store/records.ts';
import { openStore } from '../../src/store/store.ts';
import { instanceRecord as instance } from '../support/instance-record.ts';
import { useStore } from '../support/store.ts';
import { until } from '../support/until.ts';

const store = useStore();
// Like a second process.
beforeAll(() => store.init());

function operation(change: Partial<OperationRecord> = {}): OperationRecord {
  return {
    _id: newId.operation(),
    instanceId: newId.instance(),
    orderId: newId.order(),
    accountId: 'acc_1',
    kind: 'provision',
    status: 'running',
    steps: [],
    createdAt: new Date(),
    ...change,
  };
}

describe('operations', () => {
  test('keep the newest state of each step, whoever writes at the same time', async () => {
    const row = operation();
    await store.operations.insert(row);
    const steps = ['hold-hostname', 'create-subscription', 'stack-up', 'settle-money', 'destroy-stack'] as const;
    await Promise.all(steps.map((step) => store.operations.setStep(row._id, { step, status: 'running', attempt: 1 })));
    await Promise.all(
      steps.map((step) => store.operations.setStep(row._id, { step, status: 'succeeded', attempt: 1 })),
    );
    const found = await store.operations.find(row._id);
    expect(found?.steps.map(({ step }) => step).sort()).toEqual([...steps].sort());
    expect(found?.steps.every(({ status }) => status === 'succeeded')).toBe(true);
  });

  test('record an end once, and keep ended or waiting steps against late reports', async () => {
    const row = operation();
    const write = (status: StepStatus, attempt: number) =>
      store.operations.setStep(row._id, { step: 'await-payment', status, attempt });
    // The first step is written before the operation has a row.
    expect(await write('running', 1)).toBe(true);
    await store.operations.insert(row);
    expect(await write('running', 1)).toBe(true);
    expect(await write('waiting', 1)).toBe(true);
    expect(await write('needs_operator', 1)).toBe(true);
    expect(await write('retrying', 1)).toBe(false);
    // It succeeded, but after its deadline.
    expect(await write('succeeded', 1)).toBe(false);
    expect(await write('running', 2)).toBe(true);
    expect(await write('retrying', 1)).toBe(false);
    expect(await write('succeeded', 2)).toBe(true);
    for (const late of ['running', 'waiting', 'retrying', 'succeeded'] as const)
      expect(await write(late, 2)).toBe(false);
    expect(await store.operations.find(row._id)).toMatchObject({ steps: [{ status: 'succeeded', attempt: 2 }] });
    expect(await write('failed', 3)).toBe(true);
    expect(await write('failed', 3)).toBe(false);
    expect(await write('needs_operator', 3)).toBe(true);
    // It failed permanently, but after its deadline.
    expect(await write('failed', 3)).toBe(false);
    // No operator decided.
    await store.operations.goOn(row._id, { step: 'await-payment', attempt: 3, status: 'undoing' });
    expect(await write('failed', 3)).toBe(true);
  });

  test('record the start and every change of a try once, however often it is checked', async () => {
    const row = operation();
    await store.operations.insert(row);
    const write = (change: Omit<OperationStep, 'step' | 'attempt'>) =>
      store.operations.setStep(row._id, { step: 'await-payment', attempt: 1, ...change });
    expect(await write({ status: 'running' })).toBe(true);
    expect(await write({ status: 'running' })).toBe(false);
    expect(await write({ status: 'waiting', reason: 'not_paid_yet' })).toBe(true);
    expect(await write({ status: 'running' })).toBe(false);
    expect(await write({ status: 'waiting', reason: 'not_paid_yet' })).toBe(false);
    const declined = { status: 'waiting', reason: 'declined_try_again' } as const;
    expect(await write({ ...declined, detail: 'decline 1' })).toBe(true);
    expect(await write({ ...declined, detail: 'decline 1' })).toBe(false);
    expect(await write({ ...declined, detail: 'decline 2' })).toBe(true);
    expect(await write({ status: 'running', progress: 0.5 })).toBe(true);
    expect(await write({ status: 'running', progress: 0.5 })).toBe(false);
    expect(await write({ status: 'running', progress: 1 })).toBe(true);
  });

  test('are stamped when they end, and keep their reason', async () => {
    const row = operation();
    await store.operations.insert(row);
    await store.operations.setStatus(row._id, { status: 'needs_operator', reason: 'stack_failed' });
    expect((await store.operations.find(row._id))?.endedAt).toBeUndefined();
    await store.operations.setStatus(row._id, { status: 'running' });
    expect((await store.operations.find(row._id))?.reason).toBeUndefined();
    await store.operations.setStatus(row._id, { status: 'undoing', reason: 'stack_failed' });
    await store.operations.setStatus(row._id, { status: 'failed' });
    expect(await store.operations.find(row._id)).toMatchObject({ reason: 'stack_failed', endedAt: expect.any(Date) });
    expect(await store.operations.list({ instanceId: row.instanceId, status: 'failed' }, 5)).toHaveLength(1);
  });
});

describe('instances', () => {
  test('are changed in what may change, and listed by place', async () => {
    const row = instance({ region: 'local-9' });
    await store.instances.insert(row);
    await store.instances.update(row._id, { status: 'ready', standing: 'current', licenceId: 'lic_1' });
    expect(await store.instances.find(row._id)).toMatchObject({ status: 'ready', limits: row.limits, addOns: {} });
    expect(await store.instances.list({ cloud: 'local', region: 'local-9', status: 'ready' }, 5)).toHaveLength(1);
    expect(await store.instances.list({ cloud: 'aws' }, 5)).toEqual([]);
  });
});

describe('accounts', () => {
  test('are one per address, however it is spelt and however many open it at once', async () => {
    const spelt = ['Ada@Example.com', ' ada@example.com', 'ADA@EXAMPLE.COM'];
    const accounts = await Promise.all([...spelt, ...spelt].map((email) => store.accounts.openFor(email)));
    expect(new Set(accounts.map(({ _id }) => _id)).size).toBe(1);
    expect(accounts[0]?.members).toMatchObject([{ email: 'ada@example.com', roles: ['payer', 'admin'] }]);
  });

  test('are found by a member, their own one first', async () => {
    const own = await store.accounts.openFor('bob@example.com');
    const other = await store.accounts.openFor('carol@example.com');
    const member = { _id: 'mem_1', email: 'bob@example.com', roles: ['viewer'] };
    await store.accounts.model.updateOne({ _id: other._id }, { $push: { members: member } });
    expect((await store.accounts.findByMember('BOB@example.com'))?._id).toBe(own._id);
    expect(await store.accounts.findByMember('nobody@example.com')).toBeNull();
  });
});

describe('sign-in codes', () => {
  test('are redeemed once by one caller', async () => {
    const email = 'code@example.com';
    const of = { email, browserHash: 'browser' };
    await store.signInCodes.insert({ ...of, codeHash: 'right', validMs: 60_000 });
    expect(await store.signInCodes.redeem(of, 'wrong')).toBe(false);
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => store.signInCodes.redeem(of, 'right')));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });
});

describe('an allowance', () => {
  const most = 3;
  const take = (subject: string, windowMs = 60_000) => store.allowances.take({ what: 'test', subject, most, windowMs });

  test('is never exceeded by callers at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => take('many')));
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(most);
    const refused = await take('many');
    expect(refused).toMatchObject({ allowed: false });
    if (!refused.allowed) expect(refused.retryAfterMs).toBeGreaterThan(50_000);
    expect(await take('others')).toEqual({ allowed: true });
  });

  test('comes back when it was given back, once for each time', async () => {
    for (let used = 0; used < most; used += 1) await take('returned');
    await Promise.all([1, 2].map(() => store.allowances.giveBack({ what: 'test', subject: 'returned' })));
    const again = [await take('returned'), await take('returned'), await take('returned')];
    expect(again.map(({ allowed }) => allowed)).toEqual([true, true, false]);
    await store.allowances.giveBack({ what: 'test', subject: 'nobody' });
    expect(await store.allowances.model.findById('test:nobody')).toBeNull();
  });

  test('comes back when its window has passed', async () => {
    for (let used = 0; used < most; used += 1) await take('later');
    const past = new Date(Date.now() - 61_000);
    await store.allowances.model.updateOne({ _id: 'test:later' }, { $set: { 'times.0': past } });
    expect(await take('later')).toEqual({ allowed: true });
    expect(await take('later')).toMatchObject({ allowed: false });
  });
});

describe('the key of a request', () => {
  test('stands for the first request alone, also when they come at once', async () => {
    const key = { scope: 'i1:restart', key: 'k' };
    const outcomes = await Promise.all(
      ['one', 'two', 'one', 'two'].map((requestHash) => store.requestKeys.use({ ...key, requestHash })),
    );
    expect(outcomes.toSorted()).toEqual(['first', 'other_request', 'other_request', 'repeated']);
    expect(await store.requestKeys.use({ ...key, scope: 'i2:restart', requestHash: 'two' })).toBe('first');
  });
});

describe('create intents', () => {
  test('keep the first parameters, and go on by generation', async () => {
    const first = await store.createIntents.open('base', 'one');
    expect(await store.createIntents.open('base', 'two')).toMatchObject({ parametersHash: 'one', generation: 0 });
    await Promise.all([1, 2, 3].map(() => store.createIntents.nextGeneration('base', first.generation)));
    expect(await store.createIntents.open('base', 'one')).toMatchObject({ generation: 1 });
    await store.createIntents.record('base', 'sub_1');
    await store.createIntents.nextGeneration('base', 1);
    expect(await store.createIntents.open('base', 'one')).toMatchObject({ generation: 1, objectId: 'sub_1' });
    expect(await store.createIntents.exists('base')).toBe(true);
    expect(await store.createIntents.exists('other')).toBe(false);
  });
});

describe('the outbox', () => {
  test('sends a mail once, also when two processes want to send it at the same moment', async () => {
    const row = { _id: '<at-once@freehold.localhost>', kind: 'ready', orderId: 'ord_2', recipient: 'payer' } as const;
    const sending: (() => void)[] = [];
    const slow = () => new Promise<void>((resolve) => void sending.push(resolve));
    const first = store.outbox.sendOnce(row, { by: 'first', send: slow });
    await until(() => sending.length === 1);
    await expect(store.outbox.sendOnce(row, { by: 'other', send: slow })).rejects.toMatchObject({
      code: 'mail_unavailable',
    });
    sending[0]?.();
    await first;
    await store.outbox.sendOnce(row, { by: 'other', send: slow });
    expect(sending).toHaveLength(1);

    // A process that died while it was sending leaves the mail to others after a while.
    const died = { ...row, _id: '<died@freehold.localhost>' };
    await store.outbox.model.create({
      ...{ ...died, status: 'pending', attempts: 0 },
      ...{ createdAt: new Date(0), sendingUntil: new Date(1) },
    });
    let sent = 0;
    const send = async () => {
      sent += 1;
    };
    await store.outbox.sendOnce(died, { by: 'other', send });
    expect(sent).toBe(1);
    // The same sender, which runs again, need not wait.
    const again = { ...row, _id: '<again@freehold.localhost>' };
    const sendingUntil = new Date(Date.now() + 60_000);
    await store.outbox.model.create({
      ...{ ...again, status: 'pending', attempts: 0, createdAt: new Date(), sendingBy: 'same', sendingUntil },
    });
    await store.outbox.sendOnce(again, { by: 'same', send });
    expect(sent).toBe(2);
  });

  test('has one row per Message-ID, and sends what was sent no more', async () => {
    const row = { _id: '<ready.ord_1@x>', kind: 'ready', orderId: 'ord_1', recipient: 'payer' as const };
    let sent = 0;
    const refuse = () => Promise.reject(new ReasonError('mail_refused'));
    const send = async () => {
      sent += 1;
    };
    expect(await store.outbox.has(row._id)).toBe(false);
    await expect(store.outbox.sendOnce(row, { by: 'same', send: refuse })).rejects.toMatchObject({
      code: 'mail_refused',
    });
    expect(await store.outbox.model.findById(row._id)).toMatchObject({ status: 'refused', attempts: 1 });
    await store.outbox.sendOnce(row, { by: 'same', send });
    await store.outbox.sendOnce(row, { by: 'same', send });
    expect(sent).toBe(1);
    expect(await store.outbox.model.findById(row._id)).toMatchObject({ status: 'sent', attempts: 2 });
    expect(await store.outbox.has(row._id)).toBe(true);
  });
});

describe('webhook events', () => {
  test('are remembered once', async () => {
    expect(await store.webhookEvents.seen('evt_1')).toBe(false);
    await Promise.all([1, 2].map(() => store.webhookEvents.remember({ id: 'evt_1', type: 'invoice.paid' })));
    expect(await store.webhookEvents.seen('evt_1')).toBe(true);
  });
});

describe('the audit log', () => {
  test('keeps entries in their order', async () => {
    const entry = { at: new Date(), actor: 'system', action: 'one', subject: 'op_1' };
    await store.audit.append(entry);
    await store.audit.append({ ...entry, action: 'two', before: { a: 1 }, after: null });
    expect((await store.audit.of('op_1')).map(({ action }) => action)).toEqual(['one', 'two']);
  });
});

test('the database answers, and says so when it does not', async () => {
  await store.ping();
  await expect(
    openStore('mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=200&directConnection=true'),
  ).rejects.toThrow();
}, 20_000);
