import { ConcurrentUpdateError, type Stack, StackAlreadyExistsError } from '@pulumi/pulumi/automation/index.js';
import { type Engine, isLocked } from './engine.ts';

/**
 * The engine's own lock of a stack. One that a runner meets belongs to a process that is gone, because only the holder of
 * the lease comes here; so it is removed, and the work goes on.
 */

/** Whether a call failed because somebody has the engine's lock. */
function metLock(error: unknown): boolean {
  return error instanceof ConcurrentUpdateError || isLocked(error);
}

/** Runs work that needs the engine's lock; where it is met, it is removed and the work tried once more. */
export async function unlocking<T>(stack: Stack, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!metLock(error)) throw error;
    await stack.cancel();
    return work();
  }
}

/** Makes sure that there is a stack of this name, and no lock under it that the making of it could leave. */
export async function createStack(engine: Engine, name: string): Promise<void> {
  try {
    await engine.create(name);
  } catch (error) {
    if (error instanceof StackAlreadyExistsError) return;
    if (!metLock(error)) throw error;
    if (!(await engine.exists(name))) await createUnderLock(engine, name);
    await removeLock(engine, name);
  }
}

const removeLock = (engine: Engine, name: string) => engine.run(['cancel', '--yes', '--stack', name]);

/**
 * A process that died while it made a stack leaves a lock and no stack, and the CLI removes only the locks of stacks that
 * there are. A rename looks at the lock of the old name alone, so another stack takes the name over.
 */
async function createUnderLock(engine: Engine, name: string): Promise<void> {
  const standIn = `${name}-unlocking`;
  await createStack(engine, standIn);
  await engine.run(['stack', 'rename', name, '--stack', standIn]);
}
