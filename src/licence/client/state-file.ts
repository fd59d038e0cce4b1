import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { LicenceKeys } from '../protocol/verdict.ts';
import { rememberedStarts } from './schedule.ts';
import { LicenceClientError } from './types.ts';

/**
 * The persistent state of a node. Written before each request is sent and again with its answer, so that an interrupted
 * request is repeated unchanged.
 */
export const NodeState = z.strictObject({
  version: z.literal(1),
  product: z.string(),
  /** Wire activationId: chosen before the first request. */
  chosenId: z.string(),
  /** Name under which the node is activated; differs from the configured one if a copy became a separate node. */
  nodeName: z.string(),
  /** Hash of the token or key that was used last, so that a new one is recognised. */
  proofHash: z.string().nullable(),
  activationId: z.string().nullable(),
  secret: z.string().nullable(),
  /** Stays until a secret was received for it. */
  requestId: z.string().nullable(),
  /** Last good verdict. */
  verdict: z.string().nullable(),
  /** Signed refusal that locks the node; null after a successful check. */
  lock: z.string().nullable(),
  /** Latest time seen: by the server's clock, and the local clock at that moment. ms since the epoch. */
  mark: z.strictObject({ server: z.number(), local: z.number() }),
  /** Trusted keys and statements of the document last fetched; verified again whenever they are used. */
  keys: LicenceKeys,
  keysFetchedAt: z.number(),
  /**
   * When the last processes started and when one last sent a request, by the local clock: slows down a restart loop.
   */
  starts: z.array(z.number()).max(rememberedStarts).default([]),
  attemptedAt: z.number().default(0),
  /** Whether the product was asked to stop during the current lock; it is asked once. */
  stopReported: z.boolean().default(false),
  /** `iat` of the newest licence file seen. */
  fileIssuedAt: z.number().default(0),
});
export type NodeState = z.infer<typeof NodeState>;

export function newNodeState(product: string, nodeName: string, now: number): NodeState {
  return {
    version: 1,
    product,
    chosenId: randomUUID(),
    nodeName,
    proofHash: null,
    activationId: null,
    secret: null,
    requestId: null,
    verdict: null,
    lock: null,
    mark: { server: now, local: now },
    keys: { keys: [] },
    keysFetchedAt: 0,
    starts: [],
    attemptedAt: 0,
    stopReported: false,
    fileIssuedAt: 0,
  };
}

/** The state on disk; null when there is none yet. Throws STATE_FILE_CORRUPT and STATE_FILE_UNUSABLE. */
export async function readState(path: string, product: string): Promise<NodeState | null> {
  const text = await readText(path);
  if (text === null) return null;
  const parsed = NodeState.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw new LicenceClientError(
      'STATE_FILE_CORRUPT',
      `${path} is not a licence state: restore it, or remove it and enrol the node again.`,
    );
  }
  if (parsed.data.product !== product) {
    throw new LicenceClientError('STATE_FILE_CORRUPT', `${path} belongs to the product ${parsed.data.product}.`);
  }
  return parsed.data;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new LicenceClientError('STATE_FILE_UNUSABLE', `${path} cannot be read.`, { cause: error });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Invalid JSON counts as invalid state: the schema refuses it.
    return undefined;
  }
}

/** Replaces the state on disk atomically (mode 0600, synced). Throws STATE_FILE_UNUSABLE; then the old one remains. */
export async function writeState(path: string, state: NodeState): Promise<void> {
  const draft = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(draft, { force: true });
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw new LicenceClientError('STATE_FILE_UNUSABLE', `${path} cannot be written.`, { cause: error });
  }
}
