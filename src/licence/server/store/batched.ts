/** Concurrent queries, and keys in one query. */
const width = 2;
const most = 100;

interface Waiting<Value> {
  key: string;
  resolve(value: Value | null): void;
  reject(error: unknown): void;
}

/**
 * Batches reads by key that are requested while others are in flight into one query. Every query starts after all reads
 * that it answers were requested, so no read gets older data; without a query in flight a read starts at once. Readers
 * of the same key get the same object and must not change it.
 */
export function batched<Value>(
  readMany: (keys: string[]) => Promise<Value[]>,
  keyOf: (value: Value) => string,
): (key: string) => Promise<Value | null> {
  const waiting: Waiting<Value>[] = [];
  let running = 0;

  async function answer(asked: Waiting<Value>[]): Promise<void> {
    try {
      const values = await readMany([...new Set(asked.map(({ key }) => key))]);
      const byKey = new Map(values.map((value) => [keyOf(value), value]));
      for (const { key, resolve } of asked) resolve(byKey.get(key) ?? null);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    running -= 1;
    next();
  }

  function next(): void {
    if (running >= width || waiting.length === 0) return;
    running += 1;
    void answer(waiting.splice(0, most));
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      next();
    });
}
