import { type DatabaseCommand, isWrite, startDatabaseProxy } from './database-proxy.ts';
import type { LicenceWorld } from './licence-server.ts';

/** One write of a call: `findAndModify licences` and the like, counted among the writes of that call. */
export interface CrashPoint {
  write: string;
  index: number;
  when: 'before' | 'after';
}

const nameOf = ({ name, collection }: DatabaseCommand) => `${name} ${collection}`;

/** A separate licence server, whose database connection can be observed and cut. */
export async function startWatched(world: LicenceWorld) {
  const proxy = await startDatabaseProxy(world.database.uri);
  // The others relay the events, sweep and watch the keys: here only the writes of calls matter.
  const later = '3600000';
  const others = { LICENCE_RELAY_MS: later, LICENCE_SWEEP_MS: later, LICENCE_KEYS_RELOAD_MS: later };
  const server = await world.startBeside({ LICENCE_MONGODB_URI: proxy.uri, ...others });

  return {
    url: server.url,
    kill: () => server.kill('SIGKILL'),

    /** Every write that a call really makes, in order. */
    async writesOf(call: (at: string) => Promise<unknown>): Promise<string[]> {
      const writes: string[] = [];
      proxy.hook({
        async before(command) {
          if (isWrite(command)) writes.push(nameOf(command));
          return undefined;
        },
      });
      await call(server.url);
      proxy.hook({});
      return writes;
    },

    /** Makes the call and runs `disturb` at the given write; the answer is null if the server died of it. */
    async disturbed<Answer>(
      point: CrashPoint,
      call: (at: string) => Promise<Answer>,
      disturb: () => Promise<'cut' | undefined>,
    ): Promise<{ answer: Answer | null; reached: boolean }> {
      let writes = 0;
      let reached = false;
      const at = async (command: DatabaseCommand, when: CrashPoint['when']) => {
        if (!isWrite(command) || reached || writes !== point.index + 1 || when !== point.when) return undefined;
        if (nameOf(command) !== point.write) throw new Error(`write ${point.index} is ${nameOf(command)} now`);
        reached = true;
        return disturb();
      };
      proxy.hook({
        before: (command) => {
          if (isWrite(command)) writes += 1;
          return at(command, 'before');
        },
        after: (command) => at(command, 'after'),
      });
      const answer = await call(server.url).catch((error: unknown) => {
        // No answer any more, as intended.
        if ((error as Error).message === 'fetch failed') return null;
        throw error;
      });
      proxy.hook({});
      return { answer, reached };
    },

    async stop(): Promise<void> {
      await server.kill('SIGKILL');
      await proxy.stop();
    },
  };
}

/** Makes the call on a server that dies at the point. */
export async function killedAt<Answer>(
  world: LicenceWorld,
  point: CrashPoint,
  call: (at: string) => Promise<Answer>,
): Promise<{ answer: Answer | null; reached: boolean }> {
  const watched = await startWatched(world);
  try {
    return await watched.disturbed(point, call, async () => {
      await watched.kill();
      return 'cut';
    });
  } finally {
    await watched.stop();
  }
}

/** Before and after every write. */
export function allPoints(writes: string[]): CrashPoint[] {
  return writes.flatMap((write, index) => (['before', 'after'] as const).map((when) => ({ write, index, when })));
}

/** Every state of the database that a dying process can leave: nothing written yet, or one write after the other. */
export function deathPoints(writes: string[]): CrashPoint[] {
  return allPoints(writes).filter(({ index, when }) => index === 0 || when === 'after');
}
