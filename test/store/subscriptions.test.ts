import { expect, test } from '@jest/globals';
import { newId } from '../../src/runtime/new-id.ts';
import { instanceRecord } from '../support/instance-record.ts';
import { useStore } from '../support/store.ts';
import { subscriptionRecord } from '../support/subscription-record.ts';

const store = useStore();

const held = { status: 'active' as const, items: [], period: { start: new Date(0), end: new Date(1) } };
const june = new Date('2027-06-01');
const july = new Date('2027-07-01');

test('a server has one subscription, however often and by how many it is opened', async () => {
  const first = subscriptionRecord();
  const others = [1, 2, 3].map(() => subscriptionRecord({ subject: first.subject }));
  await store.subscriptions.open(first);
  await Promise.all([first, ...others].map((each) => store.subscriptions.open(each)));
  expect(await store.subscriptions.findBySubject(first.subject)).toMatchObject({ _id: first._id });
  expect(await store.subscriptions.findByStripeId(first.stripeId)).toMatchObject({ _id: first._id });
  for (const { _id } of others) expect(await store.subscriptions.find(_id)).toBeNull();
});

test('a licence and a server of the same id have their own', async () => {
  const [server, licence] = [subscriptionRecord(), subscriptionRecord()];
  licence.subject = { kind: 'licence', id: server.subject.id };
  await store.subscriptions.open(server);
  await store.subscriptions.open(licence);
  expect(await store.subscriptions.findBySubject(licence.subject)).toMatchObject({ _id: licence._id });
});

test('it begins once and is to be started until its workflow is known to run', async () => {
  const subscription = subscriptionRecord();
  await store.subscriptions.open(subscription);
  const waits = async () => (await store.subscriptions.notStarted()).some(({ _id }) => _id === subscription._id);
  expect(await waits()).toBe(false);
  const begun = await store.subscriptions.begin(subscription.subject);
  expect(await waits()).toBe(true);
  await store.subscriptions.markStarted(subscription._id);
  expect(await store.subscriptions.begin(subscription.subject)).toMatchObject({ begunAt: begun!.begunAt });
  expect(await waits()).toBe(false);
  expect(await store.subscriptions.begin({ kind: 'instance', id: newId.instance() })).toBeNull();
});

test('paid-until never moves back, neither with an older answer nor with one that has none', async () => {
  const { _id } = await openOne();
  for (const paidUntil of [june, july, june, undefined]) await store.subscriptions.note(_id, { ...held, paidUntil });
  expect(await store.subscriptions.find(_id)).toMatchObject({ status: 'active', paidUntil: july });
});

async function openOne() {
  const subscription = subscriptionRecord();
  await store.subscriptions.open(subscription);
  return subscription;
}

test('a server that is paid longer has a new revision of its standing, once, and a lost one none', async () => {
  const [living, lost] = [instanceRecord({ paidUntil: june, standingRevision: 1 }), instanceRecord()];
  await store.instances.insert(living);
  await store.instances.insert({ ...lost, status: 'terminated' });
  await Promise.all([1, 2, 3].map(() => store.instances.movePaidUntil(living._id, july)));
  expect(await store.instances.movePaidUntil(living._id, june)).toMatchObject({ paidUntil: july, standingRevision: 2 });
  expect((await store.instances.movePaidUntil(lost._id, july))?.paidUntil).toBeUndefined();
});
