import { ConcurrentUpdateError, type Stack, StackAlreadyExistsError } from '@pulumi/pulumi/automation/index.js';
import { type Engine, isLocked } from './engine.ts';

/**
 * The engine's own lock of a stack. Only the holder of the lease works here, so an existing lock belongs to a process
 * that is gone: it is removed, and the work continues.
 */

/** Whether a call failed because the engine's lock is held. */
function isLockError(error: unknown): boolean {
  return error instanceof ConcurrentUpdateError || isLocked(error);
}

/** Runs work that needs the engine's lock; an existing lock is removed and the work retried once. */
export async function unlocking<T>(stack: Stack, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isLockError(error)) throw error;
    await stack.cancel();
    return work();
  }
}

/** Ensures that a stack of this name exists, without a lock that an interrupted creation may have left. */
export async function createStack(engine: Engine, name: string): Promise<void> {
  try {
    await engine.create(name);
  } catch (error) {
    if (error instanceof StackAlreadyExistsError) return;
    if (!isLockError(error)) throw error;
    if (!(await engine.exists(name))) await createUnderLock(engine, name);
    await removeLock(engine, name);
  }
}

const removeLock = (engine: Engine, name: string) => engine.run(['cancel', '--yes', '--stack', name]);

/**
 * A process that died while creating a stack leaves a lock but no stack, and the CLI removes only locks of existing
 * stacks. A rename checks only the lock of the old name, so another stack is renamed to this one.
 */
async function createUnderLock(engine: Engine, name: string): Promise<void> {
  const placeholder = `${name}-unlocking`;
  await createStack(engine, placeholder);
  await engine.run(['stack', 'rename', name, '--stack', placeholder]);
}
