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

const holder = (owner: string): LeaseHolder => ({ owner, host: 'machine', sid: 42, startTime: '7', holdsMs: 60_000 });
const held = async (stack: string, owner: string) => (await leases.acquire(stack, holder(owner))) as HeldLease;

describe('the lease of a stack', () => {
  test('of many takers at the same time exactly one gets it', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => leases.acquire('many', holder(`o${n}`))));
    expect(answers.filter((answer) => 'owner' in answer)).toHaveLength(1);
  });

  test('given back, it is free at once and its epoch grows', async () => {
    const first = await held('back', 'one');
    await leases.release(first, { settled: true });
    const second = await held('back', 'two');
    expect(second).toEqual({ stack: 'back', owner: 'two', epoch: first.epoch + 1, clean: true });

    // Failed work has to be recovered by the next holder, until one did.
    await leases.release(second, { settled: false });
    const third = await held('back', 'three');
    expect(third).toMatchObject({ owner: 'three', clean: false });
    await leases.release(third, { settled: true });
    expect(await held('back', 'four')).toMatchObject({ clean: true });
  });

  test('tells who holds it, since when and for how long, by the clock of the database', async () => {
    await held('time', 'one');
    const foreign = await leases.acquire('time', holder('two'));
    if ('owner' in foreign) throw new Error('the lease was free');
    expect(foreign.lease).toMatchObject({ owner: 'one', sid: 42, holdsMs: 60_000 });
    const ageMs = foreign.databaseNow - foreign.lease.renewedAt.getTime();
    expect(ageMs).toBeGreaterThanOrEqual(0);
    expect(ageMs).toBeLessThan(10_000);
  });

  test('tells who only looks the same, and takes nothing', async () => {
    expect(await leases.held('looked-at')).toBeNull();
    const lease = await held('looked-at', 'one');
    expect(await leases.held('looked-at')).toMatchObject({ lease: { owner: 'one', epoch: lease.epoch } });
    await leases.release(lease, { settled: true });
    expect(await leases.held('looked-at')).toBeNull();
    expect(await held('looked-at', 'two')).toMatchObject({ clean: true });
  });

  test('taken over, it is lost to its former holder, who is told so and cannot give it back', async () => {
    const first = await held('over', 'one');
    expect(await leases.renew(first)).toBe(true);
    const foreign = await leases.acquire('over', holder('two'));
    if ('owner' in foreign) throw new Error('the lease was free');
    expect(await leases.takeOver(foreign, holder('two'))).toMatchObject({ owner: 'two', epoch: 2, clean: false });
    expect(await leases.renew(first)).toBe(false);
    await leases.release(first, { settled: true });
    expect(await leases.acquire('over', holder('three'))).toMatchObject({ lease: { owner: 'two' } });
  });

  test('renewed in the meantime, it cannot be taken over', async () => {
    const first = await held('meantime', 'one');
    const foreign = await leases.acquire('meantime', holder('two'));
    if ('owner' in foreign) throw new Error('the lease was free');
    await leases.renew(first);
    expect(await leases.takeOver(foreign, holder('two'))).toBeNull();
  });
});
