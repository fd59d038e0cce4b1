import { describe, expect, test } from '@jest/globals';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { EventBody } from '../../src/contracts/events.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { codeOf, order, signIn, useApi } from '../support/api.ts';
import { instanceRecord, named } from '../support/instance-record.ts';
import { until } from '../support/until.ts';

const api = useApi({ config: { FREEHOLD_STREAMS_PER_IP: 12 } });

const subject = ({ instanceId, _id, operationId }: OrderRecord) => ({ instanceId, orderId: _id, operationId });
const line = (text: string): EventBody => ({ type: 'log', step: 'stack-up', severity: 'info', text });

interface Reader {
  events: EventSourceMessage[];
  comments: string[];
  status: number;
  close(): void;
}

async function listen(path: string, headers: Record<string, string>): Promise<Reader> {
  const abort = new AbortController();
  const response = await fetch(api.url + path, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: abort.signal,
  });
  const reader: Reader = { events: [], comments: [], status: response.status, close: () => abort.abort() };
  const parser = createParser({
    onEvent: (event) => reader.events.push(event),
    onComment: (comment) => reader.comments.push(comment),
  });
  const read = async () => {
    for await (const chunk of response.body ?? []) parser.feed(Buffer.from(chunk).toString());
  };
  read().catch((error) => {
    if ((error as Error).name !== 'AbortError') throw error;
  });
  return reader;
}

const numbers = (reader: Reader) => reader.events.map(({ id }) => Number(id));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('the event stream of an order', () => {
  test('brings what happened and then what happens, each event once and in order', async () => {
    const { accepted, bearer, record } = await order(api);
    for (const text of ['one', 'two']) await api.store.timeline.append(subject(record), line(text));
    const reader = await listen(`/v1/orders/${accepted.id}/events`, bearer);
    await until(() => reader.events.length === 2);
    for (const text of ['three', 'four']) await api.store.timeline.append(subject(record), line(text));
    await until(() => reader.events.length === 4);
    reader.close();

    expect(numbers(reader)).toEqual(upTo(4));
    expect(reader.events[2]?.event).toBe('log');
    expect(JSON.parse(reader.events[2]?.data ?? '')).toMatchObject({
      sequence: 3,
      text: 'three',
      orderId: accepted.id,
    });
  });

  test('resumes after Last-Event-ID without a gap or a duplicate', async () => {
    const { accepted, bearer, record } = await order(api);
    for (const text of upTo(5)) await api.store.timeline.append(subject(record), line(String(text)));
    const reader = await listen(`/v1/orders/${accepted.id}/events?after=1`, { ...bearer, 'last-event-id': '3' });
    await until(() => reader.events.length === 2);
    await api.store.timeline.append(subject(record), line('6'));
    await until(() => reader.events.length === 3);
    reader.close();
    expect(numbers(reader)).toEqual([4, 5, 6]);
  });

  test('loses nothing to many writers and many readers who come and go', async () => {
    const { accepted, bearer, record } = await order(api);
    const path = `/v1/orders/${accepted.id}/events`;
    const total = 120;
    const steady = await listen(path, bearer);
    const writers = upTo(6).map(async (writer) => {
      for (const each of upTo(total / 6)) await api.store.timeline.append(subject(record), line(`${writer}/${each}`));
    });
    const restless = (async () => {
      const seen: number[] = [];
      while (seen.length < total) {
        const reader = await listen(path, { ...bearer, 'last-event-id': String(seen.at(-1) ?? 0) });
        await until(() => reader.events.length > 0, { what: `events after ${seen.at(-1)}` });
        reader.close();
        seen.push(...numbers(reader));
      }
      return seen;
    })();
    await Promise.all(writers);
    await until(() => steady.events.length === total);
    steady.close();
    expect(numbers(steady)).toEqual(upTo(total));
    expect(await restless).toEqual(upTo(total));
  });

  test('brings the first event within a second of the order', async () => {
    const { accepted, bearer, record } = await order(api);
    const reader = await listen(`/v1/orders/${accepted.id}/events`, bearer);
    const began = performance.now();
    await api.store.timeline.append(subject(record), { type: 'order', state: 'awaiting_payment' });
    await until(() => reader.events.length === 1);
    reader.close();
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('shows nothing of another order of the same instance', async () => {
    const { accepted, bearer, record } = await order(api);
    await api.store.timeline.append(subject(record), line('mine'));
    await api.store.timeline.append({ ...subject(record), orderId: 'ord_0000000000000001' }, line('not mine'));
    await api.store.timeline.append(subject(record), line('mine again'));
    const reader = await listen(`/v1/orders/${accepted.id}/events`, bearer);
    await until(() => reader.events.length === 2);
    reader.close();
    expect(numbers(reader)).toEqual([1, 3]);
    const { body } = await api.call('GET', `/v1/orders/${accepted.id}/events`, { headers: bearer });
    expect(body.events.map(({ text }: { text: string }) => text)).toEqual(['mine', 'mine again']);
  });

  test('shows what is done to the server of the order by operations of no order', async () => {
    const { accepted, bearer, record } = await order(api);
    const restart = { instanceId: record.instanceId, operationId: 'op_0000000000000001' };
    await api.store.timeline.append(subject(record), line('mine'));
    await api.store.timeline.append(restart, { type: 'operation', kind: 'restart', status: 'running' });
    const reader = await listen(`/v1/orders/${accepted.id}/events`, bearer);
    await until(() => reader.events.length === 2);
    reader.close();
    expect(numbers(reader)).toEqual([1, 2]);
    const { body } = await api.call('GET', `/v1/orders/${accepted.id}/events`, { headers: bearer });
    expect(body.events.at(-1)).toMatchObject({ type: 'operation', kind: 'restart' });
  });

  test('after an event that does not exist, or in odd notation, is refused instead of silent', async () => {
    const { accepted, bearer, record } = await order(api);
    for (const text of upTo(3)) await api.store.timeline.append(subject(record), line(String(text)));
    const ask = (query: string, headers: Record<string, string>, accept: string) =>
      api.call('GET', `/v1/orders/${accepted.id}/events${query}`, { headers: { ...bearer, ...headers, accept } });
    const odd = ['4', '1e1', '0x1', '-1', '+1', '1.5', '01', ' ', '', 'abc', '1, 2', '99999999999999999999'];
    for (const accept of ['text/event-stream', 'application/json']) {
      for (const text of odd) {
        const byQuery = await ask(`?after=${encodeURIComponent(text)}`, {}, accept);
        expect([text, byQuery.status, codeOf(byQuery)]).toEqual([text, 422, 'invalid_request']);
        expect(byQuery.body.errors).toMatchObject([{ path: 'query.after' }]);
        const byHeader = await ask('?after=1', { 'last-event-id': text }, accept);
        expect([text, byHeader.status, codeOf(byHeader)]).toEqual([text, 422, 'invalid_request']);
        expect(byHeader.body.errors).toMatchObject([{ path: 'headers.last-event-id' }]);
      }
    }
    expect((await ask('?after=1&after=2', {}, 'application/json')).status).toBe(422);
    // After the newest event the next one is waited for.
    const reader = await listen(`/v1/orders/${accepted.id}/events`, { ...bearer, 'last-event-id': '3' });
    await api.store.timeline.append(subject(record), line('4'));
    await until(() => reader.events.length === 1);
    reader.close();
    expect(numbers(reader)).toEqual([4]);
  });

  test('is refused without the right to it, and over the limit of streams', async () => {
    const { accepted, bearer } = await order(api);
    const path = `/v1/orders/${accepted.id}/events`;
    expect((await listen(path, {})).status).toBe(401);
    expect((await listen(path, (await order(api)).bearer)).status).toBe(404);

    const open = await Promise.all(upTo(12).map(() => listen(path, bearer)));
    expect(open.map(({ status }) => status)).toEqual(Array(12).fill(200));
    const answer = await fetch(api.url + path, { headers: { accept: 'text/event-stream', ...bearer } });
    expect([answer.status, (await answer.json()).code]).toEqual([429, 'too_many_requests']);
    for (const reader of open) reader.close();
    await until(async () => {
      const reader = await listen(path, bearer);
      reader.close();
      return reader.status === 200;
    });
  });
});

describe('pages of events', () => {
  test('go on from `next`', async () => {
    const { accepted, bearer, record } = await order(api);
    for (const text of upTo(5)) await api.store.timeline.append(subject(record), line(String(text)));
    const read = (query: string) => api.call('GET', `/v1/orders/${accepted.id}/events?${query}`, { headers: bearer });
    const first = await read('limit=3');
    expect(first.body).toMatchObject({ next: 3, more: true });
    const second = await read(`limit=3&after=${first.body.next}`);
    expect(second.body).toMatchObject({ next: 5, more: false });
    expect(second.body.events.map(({ sequence }: { sequence: number }) => sequence)).toEqual([4, 5]);
    expect((await read('after=5')).body).toMatchObject({ events: [], next: 5, more: false });
    for (const query of ['after=-1', 'limit=1e2', 'limit=0x10', 'limit=']) {
      expect(codeOf(await read(query))).toBe('invalid_request');
    }
  });
});

test('the events of an instance are for its account', async () => {
  const { record } = await order(api, { billingEmail: 'events@example.com' });
  const { instanceId: _id, accountId } = record;
  const desired = named(record.quote.subject.hostname);
  await api.store.instances.insert(instanceRecord({ _id, accountId, orderId: record._id, plan: 'STARTUP', desired }));
  await api.store.operations.insert({
    _id: record.operationId,
    instanceId: record.instanceId,
    orderId: record._id,
    accountId: record.accountId,
    kind: 'provision',
    status: 'running',
    steps: [],
    createdAt: new Date(),
  });
  await api.store.timeline.append(subject(record), line('one'));
  const owner = await signIn(api, 'events@example.com');
  const stranger = await signIn(api, 'stranger@example.com');
  const paths = [
    `/v1/instances/${record.instanceId}`,
    `/v1/instances/${record.instanceId}/events`,
    `/v1/instances/${record.instanceId}/operations`,
    `/v1/operations/${record.operationId}`,
  ];
  for (const path of paths) {
    expect([path, (await api.call('GET', path, { headers: owner })).status]).toEqual([path, 200]);
    expect([path, (await api.call('GET', path, { headers: stranger })).status]).toEqual([path, 404]);
    expect([path, (await api.call('GET', path)).status]).toEqual([path, 401]);
  }
  const own = await api.call('GET', '/v1/instances', { headers: owner });
  expect(own.body.items).toHaveLength(1);
  expect((await api.call('GET', '/v1/instances', { headers: stranger })).body.items).toEqual([]);
  const details = await api.call('GET', `/v1/orders/${record._id}`, { headers: owner });
  expect(details.body.operation.steps.map(({ status }: { status: string }) => status)).toEqual(
    Array(9).fill('pending'),
  );
  expect(details.body.instance).toMatchObject({ hostname: record.quote.subject.hostname, status: 'provisioning' });
});
