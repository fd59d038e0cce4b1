import { expect, test } from '@jest/globals';
import type { MailPorts } from '../../../src/activities/mail/ports.ts';
import { sendServerIncident } from '../../../src/activities/mail/send-server-incident.ts';
import type { Difference, JudgedDrift } from '../../../src/contracts/drift.ts';
import { productLinks } from '../../../src/mail/product-links.ts';
import type { OutgoingMail } from '../../../src/mail/sender.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { order, useApi } from '../../support/api.ts';
import { instanceRecord } from '../../support/instance-record.ts';

const api = useApi();

const volume: Difference = { name: 'volume-node-1', id: 'vol-1', change: 'missing', properties: [], protected: true };
const volumeGone: JudgedDrift = {
  ...{ differences: [volume], requiredVolumeIds: [] },
  ...{ verdict: 'needs_person', reason: 'volume_gone' },
};
const retagged: JudgedDrift = {
  differences: [{ ...volume, change: 'changed', properties: ['tags'] }],
  ...{ requiredVolumeIds: ['vol-1'], verdict: 'repairable', reason: 'server_drifted' },
};

/** A delivered server whose payer is not its administrator, and the mails about it. */
async function delivered() {
  const { record } = await order(api, { adminEmail: 'ada@example.com', billingEmail: 'payer@example.com' });
  const { _id: orderId, instanceId, accountId } = record;
  await api.store.instances.insert(instanceRecord({ _id: instanceId, orderId, accountId, status: 'drifted' }));
  const mails: OutgoingMail[] = [];
  const ports: MailPorts = {
    store: api.store,
    sender: { send: async (mail) => void mails.push(mail) },
    baseDomain: 'freehold.localhost',
    links: productLinks(api.deps.config),
    simulated: [],
    unpaidMailsPerHour: 5,
    orderLink: (id) => `${api.url}/orders/${id}?key=secret`,
    hostUrl: (hostname) => `https://${hostname}/`,
  };
  const check = async (drift: JudgedDrift, from: 'ready' | 'drifted' = 'ready', operationId = newId.operation()) => {
    await sendServerIncident(ports)({ instanceId, operationId }, drift, from);
    return operationId;
  };
  return { mails, check, record };
}

test('administrator and payer hear of an incident once: what is wrong, what was found, who acts; the link is the payer’s', async () => {
  const { mails, check } = await delivered();
  const operationId = await check(volumeGone);
  await check(volumeGone, 'ready', operationId);
  expect(mails.map(({ to }) => to).sort()).toEqual(['ada@example.com', 'payer@example.com']);
  for (const { subject, text } of mails) {
    expect(subject).toMatch(/^Something is wrong with your server /);
    expect(text).toContain('The data volume of your server is missing.');
    expect(text).toMatch(/^- .*volume/im);
    expect(text).toContain('Our team has been notified and decides what is done.');
  }
  expect(mails.filter(({ text }) => text.includes('?key=')).map(({ to }) => to)).toEqual(['payer@example.com']);
});

test('nobody hears of it again while it stays the same, nor of a difference that takes nothing away', async () => {
  const { mails, check, record } = await delivered();
  const earlier = { _id: newId.operation(), kind: 'check-drift', status: 'needs_operator' } as const;
  const { instanceId, accountId } = record;
  await api.store.operations.insert({
    ...earlier,
    steps: [],
    instanceId,
    accountId,
    reason: 'volume_gone',
    createdAt: new Date(),
  });
  await check(volumeGone, 'drifted');
  await check(retagged);
  expect(mails).toEqual([]);
  await check({ ...volumeGone, reason: 'volume_changed' } as JudgedDrift, 'drifted');
  expect(mails).toHaveLength(2);
});
