import { secret } from '@pulumi/pulumi';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Engine } from './engine.ts';
import { createStack, unlocking } from './engine-lock.ts';
import type { LeaseManager } from './lease-holder.ts';

/**
 * A secret whose text is known, in a stack of its own in the state's backend. The engine encrypts every new stack with
 * whatever passphrase it is given, so before anything else it has to read this one: a stack built under another
 * passphrase could not be read any more once the right one is back.
 */
const stackName = 'known-secret';
const text = 'freehold';

const Listed = z.array(z.object({ name: z.string() }));

/**
 * Has the engine read the known secret, and makes it where the backend has none yet. Throws `state_passphrase_wrong` if
 * the passphrase is empty or not the one of the state, and `stack_busy` while another runner makes the secret.
 */
export async function proveKnownSecret(
  engine: Engine,
  { leases, passphrase }: { leases: LeaseManager; passphrase: string },
): Promise<void> {
  if (passphrase === '') throw new ReasonError('state_passphrase_wrong', 'there is no passphrase');
  if (await isKnown(engine)) return;
  const lease = await leases.acquire(stackName);
  let settled = false;
  try {
    if (!(await isKnown(engine))) await makeSecret(engine);
    settled = true;
  } finally {
    await lease.release({ settled });
  }
}

/** Whether the engine reads the secret; false if there is none. */
async function isKnown(engine: Engine): Promise<boolean> {
  const read = ['stack', 'output', 'secret', '--show-secrets', '--stack', stackName];
  try {
    return (await decrypting(() => engine.run(read))).trim() === text;
  } catch (error) {
    if (error instanceof Error && /no stack named|does not have output/.test(error.message)) return false;
    throw error;
  }
}

/** Makes the secret under this passphrase, which has to be that of the stacks that are already there. */
async function makeSecret(engine: Engine): Promise<void> {
  const listed = Listed.parse(JSON.parse(await engine.run(['stack', 'ls', '--all', '--json'])));
  const other = listed.find(({ name }) => !name.endsWith(stackName));
  if (other) await decrypting(() => engine.run(['stack', 'export', '--show-secrets', '--stack', other.name]));
  await createStack(engine, stackName);
  const stack = await engine.stack(stackName, async () => ({ secret: secret(text) }));
  await unlocking(stack, () => stack.up({ showSecrets: false, suppressProgress: true }));
}

/** The engine's answer; throws `state_passphrase_wrong` if it could not decrypt. */
async function decrypting(ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (!/incorrect passphrase|passphrase must be set/.test(message)) throw error;
    throw new ReasonError('state_passphrase_wrong', 'the engine cannot decrypt the known secret', { cause: error });
  }
}
