/** Errors of the MongoDB driver and of mongoose that say nothing about the request: the database did not answer. */
const away: ReadonlySet<unknown> = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongooseServerSelectionError',
  'MongoPoolClearedError',
  'PoolClearedOnNetworkError',
  'MongoWaitQueueTimeoutError',
  'MongoNotConnectedError',
]);

/** Whether an error says that the database is away; the same may work in a moment. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof Error && away.has(error.name);
}
