import { describe, expect, test } from '@jest/globals';
import { newId } from '../../src/runtime/new-id.ts';
import { openStore } from '../../src/store/store.ts';
import { useStore } from '../support/store.ts';

const store = useStore();

const line = (text: string) => ({ type: 'log' as const, step: 'stack-up' as const, severity: 'info' as const, text });

describe('the timeline of an instance', () => {
  test('has no gap and no duplicate, however many write at once from several processes', async () => {
    const other = await openStore(store.uri);
    const instanceId = newId.instance();
    try {
      const writers = [store, other, store, other].map(async (each, writer) => {
        for (let count = 0; count < 15; count += 1)
          await each.timeline.append({ instanceId }, line(`${writer}/${count}`));
      });
      await Promise.all(writers);
    } finally {
      await other.close();
    }
    const events = await store.timeline.page(instanceId, 0, 100);
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    const texts = events.map((event) => (event.type === 'log' ? event.text : ''));
    expect(new Set(texts).size).toBe(60);
    const ofFirst = texts.filter((text) => text.startsWith('0/'));
    expect(ofFirst).toEqual(Array.from({ length: 15 }, (_, index) => `0/${index}`));
  });

  test('appends an event once, however many writers append it concurrently', async () => {
    const other = await openStore(store.uri);
    const place = { instanceId: newId.instance(), operationId: newId.operation() };
    try {
      const writers = Array.from({ length: 12 }, (_, index) => {
        const { timeline } = index % 2 === 0 ? store : other;
        return timeline.appendOnce(place, { type: 'order', state: index % 3 === 0 ? 'fulfilled' : 'fulfilling' });
      });
      await Promise.all(writers);
    } finally {
      await other.close();
    }
    const events = await store.timeline.page(place.instanceId, 0, 100);
    expect(events.map((event) => (event.type === 'order' ? event.state : event.type)).sort()).toEqual([
      'fulfilled',
      'fulfilling',
    ]);
  });

  test('is read in pages after a number', async () => {
    const instanceId = newId.instance();
    for (const text of ['a', 'b', 'c']) await store.timeline.append({ instanceId, orderId: 'ord_1' }, line(text));
    expect(await store.timeline.page(instanceId, 1, 1)).toMatchObject([{ sequence: 2, text: 'b', orderId: 'ord_1' }]);
    expect(await store.timeline.page(instanceId, 3, 10)).toEqual([]);
    expect(await store.timeline.page(newId.instance(), 0, 10)).toEqual([]);
  });

  test('keeps an event as it was given', async () => {
    const instanceId = newId.instance();
    const body = {
      type: 'step' as const,
      step: 'stack-up' as const,
      status: 'failed' as const,
      attempt: 2,
      tookMs: 5,
      progress: 0.5,
    };
    const appended = await store.timeline.append({ instanceId }, body);
    expect(await store.timeline.page(instanceId, 0, 1)).toEqual([appended]);
    expect(appended).toEqual({ instanceId, sequence: 1, at: appended.at, ...body });
  });
});

test('the tail finds everything that was inserted since, of all instances', async () => {
  const began = (await store.timeline.newestInsertion()) ?? new Date(0);
  const ids = Array.from({ length: 20 }, () => newId.instance());
  await Promise.all(ids.map((instanceId) => store.timeline.append({ instanceId }, line(instanceId))));
  const rows = await store.timeline.insertedSince(began);
  const found = new Set(rows.map(({ event }) => event.instanceId));
  for (const id of ids) expect(found.has(id)).toBe(true);
  expect(new Set(rows.map(({ rowId }) => rowId)).size).toBe(rows.length);
  const newest = await store.timeline.newestInsertion();
  expect(newest!.getTime()).toBe(Math.max(...rows.map(({ insertedAt }) => insertedAt)));
  expect(await store.timeline.insertedSince(new Date(newest!.getTime() + 1))).toEqual([]);
});
