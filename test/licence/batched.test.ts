import { expect, test } from '@jest/globals';
import { batched } from '../../src/licence/server/store/batched.ts';

/** A store whose queries end when the test says so. */
function heldStore() {
  const queries: { keys: string[]; end(values?: { key: string; at: number }[]): void; fail(error: Error): void }[] = [];
  const read = batched<{ key: string; at: number }>(
    (keys) =>
      new Promise((resolve, reject) => {
        const at = queries.length;
        queries.push({ keys, end: (values) => resolve(values ?? keys.map((key) => ({ key, at }))), fail: reject });
      }),
    ({ key }) => key,
  );
  return { queries, read };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('the first reads begin at once, those that come meanwhile go together, each key once', async () => {
  const { queries, read } = heldStore();
  const first = [read('a'), read('b')];
  const meanwhile = [read('c'), read('d'), read('c')];
  expect(queries.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
  queries[0]!.end();
  expect(await first[0]).toEqual({ key: 'a', at: 0 });
  await settle();
  expect(queries[2]?.keys).toEqual(['c', 'd']);
  queries[1]!.end();
  queries[2]!.end();
  expect(await Promise.all(meanwhile)).toEqual([
    { key: 'c', at: 2 },
    { key: 'd', at: 2 },
    { key: 'c', at: 2 },
  ]);
});

test('a read never joins a query that began before it was asked for', async () => {
  const { queries, read } = heldStore();
  const before = read('a');
  const after = read('a');
  queries[0]!.end();
  expect((await before)?.at).toBe(0);
  queries[1]!.end();
  expect((await after)?.at).toBe(1);
});

test('what is not there is null, and a query that fails fails its own readers alone', async () => {
  const { queries, read } = heldStore();
  const [gone, failing] = [read('a'), read('b')];
  queries[0]!.end([]);
  queries[1]!.fail(new Error('away'));
  expect(await gone).toBeNull();
  await expect(failing).rejects.toThrow('away');
  const later = read('c');
  queries[2]!.end();
  expect((await later)?.key).toBe('c');
});
