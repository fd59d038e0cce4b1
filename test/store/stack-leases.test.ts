import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import { type HeldLease, type LeaseHolder, stackLeaseStore } from '../../src/store/stack-leases.ts';
import { startDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let connection: Connection;
let leases: ReturnType<typeof stackLeaseStore>;

beforeAll(async () => {
  database = await startDatabase();
  connection = await createConnection(database.uri).asPromise();
  leases = stackLeaseStore(connection);
}, 30_000);
afterAll(async () => {
  await connection?.close();
  await database?.stop();
});

const holder = (owner: string): LeaseHolder => ({ owner, host: 'machine', sid: 42, startTime: '7' });
const held = async (stack: string, owner: string) => (await leases.acquire(stack, holder(owner))) as HeldLease;
const age = (stack: string, ms: number) =>
  leases.model.updateOne({ _id: stack }, { $set: { renewedAt: new Date(Date.now() - ms) } });

describe('the lease of a stack', () => {
  test('of many takers at the same time exactly one gets it', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => leases.acquire('many', holder(`o${n}`))));
    expect(answers.filter((answer) => 'owner' in answer)).toHaveLength(1);
  });

  test('given back, it is free at once and its epoch grows', async () => {
    const first = await held('back', 'one');
    await leases.release(first);
    expect(await leases.acquire('back', holder('two'))).toEqual({
      ...{ stack: 'back', owner: 'two', epoch: first.epoch + 1, clean: true },
    });
  });

  test('tells who holds it, and runs out 90 s after it was last renewed', async () => {
    await held('time', 'one');
    expect(await leases.acquire('time', holder('two'))).toMatchObject({
      lease: { owner: 'one', sid: 42 },
      expired: false,
    });
    await age('time', 85_000);
    expect(await leases.acquire('time', holder('two'))).toMatchObject({ expired: false });
    await age('time', 95_000);
    expect(await leases.acquire('time', holder('two'))).toMatchObject({ expired: true });
  });

  test('taken over, it is lost to its former holder, who is told so and cannot give it back', async () => {
    const first = await held('over', 'one');
    expect(await leases.renew(first)).toBe(true);
    const foreign = await leases.acquire('over', holder('two'));
    if ('owner' in foreign) throw new Error('the lease was free');
    expect(await leases.takeOver(foreign, holder('two'))).toMatchObject({ owner: 'two', epoch: 2, clean: false });
    expect(await leases.renew(first)).toBe(false);
    await leases.release(first);
    expect(await leases.acquire('over', holder('three'))).toMatchObject({ lease: { owner: 'two' } });
  });

  test('renewed in the meantime, it cannot be taken over', async () => {
    const first = await held('meantime', 'one');
    await age('meantime', 95_000);
    const foreign = await leases.acquire('meantime', holder('two'));
    if ('owner' in foreign) throw new Error('the lease was free');
    await leases.renew(first);
    expect(await leases.takeOver(foreign, holder('two'))).toBeNull();
  });
});
