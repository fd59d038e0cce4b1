import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { LicenceWorld, Reply } from './licence-server.ts';

/** A prepared call that moves a seat or a secret; repeating it makes the same call. */
export interface PreparedCall {
  licenceId: string;
  call(at?: string): Promise<Reply<Record<string, string>>>;
  /** What must be true after the call was repeated and answered; throws otherwise. */
  settled(last: Reply<Record<string, string>>): Promise<void>;
}

export const activationWrites = [
  'insert activations',
  'findAndModify licences',
  'findAndModify activations',
  'insert audit',
];
const ending = ['findAndModify activations', 'update licences', 'update activations', 'insert audit'];
const [begun, won, ...finished] = activationWrites as [string, string, string, string];

/** What each call of `seatCalls` writes, in its order. */
export const writes: Record<string, string[]> = {
  'activate (L5, L6)': activationWrites,
  'check (L25, L35)': ['findAndModify activations'],
  'release (L16)': ending,
  'take over (L14)': [begun, won, 'findAndModify activations', 'insert audit', ...finished],
  // The first attempt finds no seat, the one after the eviction does.
  'evict (L17)': [begun, won, ...ending, won, ...finished],
  'recover (L32)': ['findAndModify activations', 'insert audit'],
  'enrol (L60)': ['findAndModify enrolments', ...activationWrites],
  'deactivate (L18)': ending,
};

/** How many seats are in use and how many nodes are active afterwards, and that the winner's secret works. */
function expectations(world: LicenceWorld, licenceId: string) {
  async function used(count: number): Promise<void> {
    const { seats } = await world.view(licenceId);
    if (seats.production.used !== count) throw new Error(`${seats.production.used} seats are in use, not ${count}`);
  }
  async function works(id: string | undefined, secret: string | undefined): Promise<void> {
    const { status, body } = await world.check(id as string, { secret });
    if (status !== 200) throw new Error(`the node is refused: ${body.code}`);
  }
  async function refused(id: string, secret: string, cause: string): Promise<void> {
    const { body } = await world.check(id, { secret });
    const refusal = (await world.claimsOf(body.verdict)).refusal;
    if (refusal?.cause !== cause) throw new Error(`the old node is told ${refusal?.cause}, not ${cause}`);
  }
  return { used, works, refused };
}

/** Every call of a node or an administrator that writes seats and secrets, by name. */
export function seatCalls(world: LicenceWorld, database: Connection): Record<string, () => Promise<PreparedCall>> {
  async function runningNode(node: Record<string, unknown> = { name: 'n1' }) {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey, { node });
    return { licence, licenceId: licence.licenseId, id: body.instanceId, secret: body.secret };
  }
  const post = (path: string, body: unknown) => (at?: string) =>
    world.call<Record<string, string>>('POST', path, body, {}, at);

  /** A node that requests a seat; the same seat each time. */
  const activation = (licenseKey: string, more: Record<string, unknown> = {}) => {
    const same = { activationId: randomUUID(), node: { name: `n-${randomUUID()}` }, ...more };
    return (at?: string) => world.activate(licenseKey, same, at) as Promise<Reply<Record<string, string>>>;
  };

  return {
    async 'activate (L5, L6)'() {
      const licence = await world.issue();
      const expect = expectations(world, licence.licenseId);
      return {
        licenceId: licence.licenseId,
        call: activation(licence.licenseKey),
        async settled({ body }) {
          await expect.used(1);
          await expect.works(body.instanceId, body.secret);
        },
      };
    },

    async 'check (L25, L35)'() {
      const { licenceId, id, secret } = await runningNode();
      const expect = expectations(world, licenceId);
      const requestId = randomUUID();
      return {
        licenceId,
        call: post(`/v1/instances/${id}/check`, { secret, requestId, bootId: 'boot-1' }),
        async settled({ body }) {
          const { seq } = await world.claimsOf(body.license as string);
          if (seq !== 1) throw new Error(`the secret was changed ${seq} times`);
          await expect.used(1);
          await expect.works(id, body.secret);
        },
      };
    },

    async 'release (L16)'() {
      const { licence, licenceId, id, secret } = await runningNode();
      const expect = expectations(world, licenceId);
      return {
        licenceId,
        call: post(`/v1/instances/${id}/release`, { secret }),
        async settled() {
          await expect.used(0);
          const { body } = await world.activate(licence.licenseKey);
          await expect.works(body.instanceId, body.secret);
        },
      };
    },

    async 'take over (L14)'() {
      const node = { name: 'pod-1', clusterId: 'c1' };
      const old = await runningNode(node);
      const expect = expectations(world, old.licenceId);
      return {
        licenceId: old.licenceId,
        call: activation(old.licence.licenseKey, { node }),
        async settled({ body }) {
          await expect.used(1);
          await expect.works(body.instanceId, body.secret);
          await expect.refused(old.id, old.secret, 'replaced');
        },
      };
    },

    async 'evict (L17)'() {
      const old = await runningNode();
      const expect = expectations(world, old.licenceId);
      const leaseUntil = new Date(Date.now() - 1000);
      await database.collection<{ _id: string }>('activations').updateOne({ _id: old.id }, { $set: { leaseUntil } });
      return {
        licenceId: old.licenceId,
        call: activation(old.licence.licenseKey),
        async settled({ body }) {
          await expect.used(1);
          await expect.works(body.instanceId, body.secret);
          await expect.refused(old.id, old.secret, 'expired');
        },
      };
    },

    async 'recover (L32)'() {
      const { licence, licenceId, id, secret } = await runningNode();
      await world.check(id, { secret });
      const expect = expectations(world, licenceId);
      const { licenseKey } = licence;
      return {
        licenceId,
        call: post(`/v1/instances/${id}/recover`, { licenseKey, requestId: randomUUID(), node: { name: 'n1' } }),
        async settled({ body }) {
          const { seq } = await world.claimsOf(body.license as string);
          if (seq !== 2) throw new Error(`the secret was changed ${seq} times`);
          await expect.used(1);
          await expect.works(id, body.secret);
        },
      };
    },

    async 'enrol (L60)'() {
      const licence = await world.issue();
      const expect = expectations(world, licence.licenseId);
      const { enrollmentToken } = await world.enrol(licence.licenseId);
      const node = { name: 'n1' };
      return {
        licenceId: licence.licenseId,
        call: post('/v1/enrollments/redeem', { enrollmentToken, activationId: randomUUID(), node }),
        async settled({ body }) {
          await expect.used(1);
          await expect.works(body.instanceId, body.secret);
        },
      };
    },

    async 'deactivate (L18)'() {
      const { licence, licenceId, id, secret } = await runningNode();
      const expect = expectations(world, licenceId);
      return {
        licenceId,
        call: (at) =>
          world.admin('POST', `/instances/${id}/deactivate`, {}, {}, at) as ReturnType<PreparedCall['call']>,
        async settled() {
          await expect.used(0);
          await expect.refused(id, secret, 'deactivated');
          const { body } = await world.activate(licence.licenseKey);
          await expect.works(body.instanceId, body.secret);
        },
      };
    },
  };
}
