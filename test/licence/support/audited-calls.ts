import { randomUUID } from 'node:crypto';
import type { SigningKeyList } from '../../../src/licence/protocol/signing-keys.ts';
import { type LicenceWorld, product, type Reply } from './licence-server.ts';

/** A prepared call that changes something, with the audit entries that it causes. */
export interface AuditedCall {
  call(at?: string): Promise<Reply<unknown>>;
  /** Each of them once; matching entries are searched for in the whole log. */
  entries: Record<string, unknown>[];
  /** Whether repeating the call is another change, with another entry. */
  changesAgain?: boolean;
}

const idempotent = () => ({ 'Idempotency-Key': randomUUID() });

/** Every call of operators and members that changes something, by name. */
export function auditedCalls(world: LicenceWorld): Record<string, () => Promise<AuditedCall>> {
  const post =
    (path: string, body: unknown, headers = {}) =>
    (at?: string) =>
      world.admin('POST', path, body, headers, at);
  const put = (path: string, body: unknown) => (at?: string) => world.admin('PUT', path, body, {}, at);

  /** A call for a separate licence, which causes one entry about it. */
  async function about(
    path: string,
    body: unknown,
    action: string,
    more: Parameters<LicenceWorld['issue']>[0] = {},
  ): Promise<AuditedCall> {
    const { licenseId: licenceId } = await world.issue(more);
    return { call: post(`/licenses/${licenceId}/${path}`, body, idempotent()), entries: [{ licenceId, action }] };
  }

  async function webhook() {
    const { body } = await world.admin<{ webhookId: string }>(
      'POST',
      '/webhooks',
      { url: 'https://receiver.test' },
      idempotent(),
    );
    return body.webhookId;
  }

  async function claimed(licenseId: string, account: string) {
    const { body } = await world.call<{ userCode: string; claimToken: string }>('POST', '/v1/claims', {
      clusterId: `c-${randomUUID()}`,
      product,
    });
    const approve = (at?: string) =>
      world.me({ account, sub: 'mem_1' }, 'POST', `/claims/${body.userCode}/approve`, { licenseId }, {}, at);
    return { ...body, approve };
  }

  return {
    async 'register a product'() {
      const name = `p-${randomUUID().slice(0, 8)}`;
      const entries = [{ action: 'product.registered', 'after.product': name }];
      return { call: put(`/products/${name}`, { name }), entries };
    },
    async 'rename a product'() {
      const name = `p-${randomUUID().slice(0, 8)}`;
      await world.admin('PUT', `/products/${name}`, { name });
      const entries = [{ action: 'product.registered', 'after.product': name, 'before.name': name }];
      return { call: put(`/products/${name}`, { name: 'renamed' }), entries };
    },
    async 'change a plan'() {
      const plan = `P-${randomUUID().slice(0, 8)}`;
      await world.putPlan(plan);
      const entries = [{ action: 'plan.changed', 'after.plan': `${product}/${plan}`, 'after.revision': 2 }];
      return { call: put(`/products/${product}/plans/${plan}`, { name: 'other', limits: {} }), entries };
    },
    async 'correct a release'() {
      const version = `1.0.0-${randomUUID().slice(0, 8)}`;
      await world.admin('PUT', `/products/${product}/releases/${version}`, { releasedOn: '2026-01-01' });
      const entries = [{ action: 'release.registered', 'after.version': version, 'after.releasedOn': '2026-01-02' }];
      return { call: put(`/products/${product}/releases/${version}`, { releasedOn: '2026-01-02' }), entries };
    },
    async 'issue a licence'() {
      const externalRef = `i-${randomUUID()}`;
      const body = { product, plan: 'MAKER', externalRef, standing: { standing: 'current', revision: 1 } };
      const entries = [{ action: 'license.created', 'after.externalRef': externalRef }];
      return { call: post('/licenses', body, idempotent()), entries };
    },
    'push a standing': () => about('standing', { standing: 'past_due', revision: 2 }, 'license.standing'),
    'push entitlements': () => about('entitlements', { revision: 1, plan: 'MAKER', seats: 3 }, 'license.plan-changed'),
    'extend a subscription': () => about('extend', { until: '2099-01-01T00:00:00Z' }, 'license.renewed'),
    'renew updates': () => {
      const perpetual = { updatesFrom: '2026-01-01', years: 1, price: { amount: 100_000, currency: 'EUR' } };
      return about('extend', { years: 1 }, 'license.renewed', { plan: 'FOREVER', perpetual });
    },
    suspend: () => about('suspend', { reason: 'misuse' }, 'license.suspended'),
    async reinstate() {
      const prepared = await about('reinstate', undefined, 'license.reinstated');
      await world.admin('POST', `/licenses/${prepared.entries[0]?.licenceId}/suspend`, { reason: 'misuse' });
      return prepared;
    },
    async transfer() {
      const prepared = await about('transfer', { account: 'acc_next' }, 'license.transferred', { account: 'acc_old' });
      const licenceId = prepared.entries[0]?.licenceId;
      return { ...prepared, entries: [...prepared.entries, { licenceId, action: 'license.key-rotated' }] };
    },
    'rotate a key': () => about('rotate-key', {}, 'license.key-rotated'),
    'issue an offline file': () =>
      about('offline-files', { clusterId: 'plant-7', days: 30, seats: 1 }, 'offline.issued'),
    revoke: () => about('revoke', { reason: 'x' }, 'license.revoked'),
    async 'issue an enrolment'() {
      const { licenseId } = await world.issue();
      const entries = [{ licenceId: licenseId, action: 'enrolment.issued' }];
      // Its token is returned again, which is recorded too.
      const call = post('/enrollments', { licenseId, nodeName: 'n1', generation: 1 });
      return { call, entries, changesAgain: true };
    },
    async 'close enrolments'() {
      const { licenseId } = await world.issue();
      for (const node of ['n1', 'n2']) await world.enrol(licenseId, node);
      const entries = [{ licenceId: licenseId, action: 'enrolment.closed' }];
      return { call: post('/enrollments/close', { licenseId }), entries };
    },
    async 'approve a claim'() {
      const account = `acc_${randomUUID().slice(0, 8)}`;
      const { licenseId: licenceId } = await world.issue({ account });
      const { approve } = await claimed(licenceId, account);
      return { call: approve, entries: [{ licenceId, action: 'claim.approved', actor: 'member:mem_1' }] };
    },
    async 'fetch the key of a claim'() {
      const account = `acc_${randomUUID().slice(0, 8)}`;
      const { licenseId: licenceId } = await world.issue({ account });
      const { approve, claimToken } = await claimed(licenceId, account);
      await approve();
      const call = (at?: string) => world.call('POST', '/v1/claims/poll', { claimToken }, {}, at);
      return { call, entries: [{ licenceId, action: 'claim.completed' }] };
    },
    async 'refuse a version'() {
      const perpetual = { updatesFrom: '2026-01-01', years: 1, price: { amount: 100_000, currency: 'EUR' } };
      const { licenseId: licenceId, licenseKey } = await world.issue({ plan: 'FOREVER', perpetual });
      const call = (at?: string) => world.activate(licenseKey, { version: '9.9.9' }, at);
      return { call, entries: [{ licenceId, action: 'version.refused' }] };
    },
    async 'create a webhook'() {
      const url = `https://${randomUUID()}.test`;
      const entries = [{ action: 'webhook.created', 'after.url': url }];
      return { call: post('/webhooks', { url }, idempotent()), entries };
    },
    async 'disable a webhook'() {
      const webhookId = await webhook();
      const entries = [{ action: 'webhook.disabled', 'after.webhookId': webhookId }];
      return { call: post(`/webhooks/${webhookId}/disable`, undefined), entries };
    },
    async 'rotate a webhook secret'() {
      const webhookId = await webhook();
      const entries = [{ action: 'webhook.secret-rotated', 'after.webhookId': webhookId }];
      return { call: post(`/webhooks/${webhookId}/rotate-secret`, undefined), entries, changesAgain: true };
    },
    async 'delete a webhook'() {
      const webhookId = await webhook();
      const entries = [{ action: 'webhook.deleted', 'after.webhookId': webhookId }];
      const call = (at?: string) => world.admin('DELETE', `/webhooks/${webhookId}`, undefined, {}, at);
      return { call, entries };
    },
    async 'roll the signing keys'() {
      const { body } = await world.admin<SigningKeyList>('GET', '/signing-keys');
      const kid = body.keys.find(({ state }) => state === 'next')?.kid;
      const entries = [{ action: 'signing-key.rolled', 'after.kid': kid }];
      return { call: post('/signing-keys/roll', { to: kid, compromised: true }), entries };
    },
  };
}
