import { expect, test } from '@jest/globals';
import type { NewIncident } from '../../src/contracts/incidents.ts';
import { operatorToken, order, useApi } from '../support/api.ts';

const api = useApi();
const headers = { authorization: `Bearer ${operatorToken}` };

test('operators list what is open, by severity, and read one incident; others read nothing', async () => {
  const { record } = await order(api);
  const about: NewIncident = {
    ...{ kind: 'step', subject: `${record.operationId} stack-up`, severity: 'critical', reason: 'cloud_quota' },
    ...{ orderId: record._id, instanceId: record.instanceId, operationId: record.operationId },
    ...{ step: 'stack-up', attempt: 2, detail: 'vCPU: 32' },
  };
  const { _id: id } = await api.store.incidents.open(about);
  const late = { kind: 'late_payment', subject: 'pi_1', severity: 'critical', reason: 'refund_failed' } as const;
  await api.store.incidents.open({ ...late, orderId: record._id });
  await api.store.incidents.close(late);
  await api.store.incidents.open({ ...late, kind: 'snapshots', subject: 'fleet/snapshots', severity: 'warning' });

  const list = async (query: string) =>
    (await api.call('GET', `/v1/operator/incidents${query}`, { headers })).body.items;
  expect(await list('')).toHaveLength(3);
  expect(await list('?state=open')).toHaveLength(2);
  expect(await list('?state=closed')).toMatchObject([
    { title: `A payment cannot be given back: ${record.quote.subject.hostname}`, state: 'closed', decisions: [] },
  ]);
  expect(await list('?severity=warning')).toMatchObject([{ kind: 'snapshots', look: 'freehold clouds check' }]);

  const { body } = await api.call('GET', `/v1/operator/incidents/${id}`, { headers });
  expect(body).toMatchObject({
    ...{ id, reason: 'cloud_quota', detail: 'vCPU: 32', hostname: record.quote.subject.hostname, attempt: 2 },
    decisions: [
      { effect: 'try again', command: expect.stringContaining('freehold operations retry') },
      { effect: expect.stringContaining('undo everything'), command: expect.stringContaining('operations abort') },
    ],
    look: `freehold operations show ${record.operationId}`,
  });
  expect((await api.call('GET', '/v1/operator/incidents/inc_0000000000000000', { headers })).status).toBe(404);
  expect((await api.call('GET', `/v1/operator/incidents/${id}`)).status).toBe(401);
});
