import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLicenceAdmin, type LicenceAdmin } from '../../../src/activities/licensing/licence-admin.ts';
import { movePaidUntil } from '../../../src/activities/licensing/move-paid-until.ts';
import { adminToken, type LicenceWorld, startLicenceWorld } from '../../licence/support/licence-server.ts';
import { instanceRecord } from '../../support/instance-record.ts';
import { useStore } from '../../support/store.ts';
import { subscriptionRecord } from '../../support/subscription-record.ts';

const store = useStore();
const june = new Date('2027-06-01T00:00:00.000Z');
const july = new Date('2027-07-01T00:00:00.000Z');

let licences: LicenceWorld;
let ask: LicenceAdmin;
beforeAll(async () => {
  licences = await startLicenceWorld();
  ask = createLicenceAdmin({ serverUrl: licences.url(), adminToken });
});
afterAll(() => licences?.stop());

const standingOf = async (licenceId: string) => (await licences.view(licenceId)).standing;

/** A delivered server that is past due, and its subscription that was paid again until July. */
async function serverPaidAgain() {
  const instance = instanceRecord({ status: 'ready', standing: 'past_due', standingRevision: 3, paidUntil: june });
  const { licenseId } = await licences.issue({ externalRef: instance._id });
  await store.instances.insert({ ...instance, licenceId: licenseId });
  const subject = { kind: 'instance' as const, id: instance._id };
  const subscription = subscriptionRecord({ subject, paidUntil: july });
  await store.subscriptions.open(subscription);
  return { instance, licenseId, subscription };
}

test('the licence follows with the standing of the server and a higher revision, once', async () => {
  const { instance, licenseId, subscription } = await serverPaidAgain();
  const move = movePaidUntil({ store, ask });
  await Promise.all([1, 2, 3].map(() => move(subscription._id)));
  expect(await store.instances.find(instance._id)).toMatchObject({ paidUntil: july, standingRevision: 4 });
  const expected = { standing: 'past_due', revision: 4, paidUntil: july.toISOString() };
  expect(await standingOf(licenseId)).toMatchObject(expected);
});

test('a licence server that was away hears of it with the next try', async () => {
  const { licenseId, subscription } = await serverPaidAgain();
  const away: LicenceAdmin = async () => Promise.reject(new Error('no answer'));
  await expect(movePaidUntil({ store, ask: away })(subscription._id)).rejects.toThrow('no answer');
  expect((await standingOf(licenseId)).revision).toBe(1);
  await movePaidUntil({ store, ask })(subscription._id);
  expect(await standingOf(licenseId)).toMatchObject({ revision: 4, paidUntil: july.toISOString() });
});

test('a licence without a server is moved by itself, and never back', async () => {
  const { licenseId } = await licences.issue({});
  const subscription = subscriptionRecord({ subject: { kind: 'licence', id: licenseId }, paidUntil: july });
  await store.subscriptions.open(subscription);
  const move = movePaidUntil({ store, ask });
  await move(subscription._id);
  await move(subscription._id);
  const expected = { standing: 'current', revision: 2, paidUntil: july.toISOString() };
  expect(await standingOf(licenseId)).toMatchObject(expected);
  await store.subscriptions.model.updateOne({ _id: subscription._id }, { $set: { paidUntil: june } });
  await move(subscription._id);
  expect(await standingOf(licenseId)).toMatchObject(expected);
});
