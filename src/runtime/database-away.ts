/** Errors of the MongoDB driver and of mongoose that do not concern the request: the database did not answer. */
const unreachable: ReadonlySet<unknown> = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongooseServerSelectionError',
  'MongoPoolClearedError',
  'PoolClearedOnNetworkError',
  'MongoWaitQueueTimeoutError',
  'MongoNotConnectedError',
]);

/** Whether an error means that the database is unreachable; a retry may succeed. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof Error && unreachable.has(error.name);
}
