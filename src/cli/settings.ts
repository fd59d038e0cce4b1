import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Ends a command with one plain sentence; `exitCode` as listed by `freehold --help`. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  /** Reason code of the API's refusal, where it gave one. */
  readonly reason: string | undefined;

  constructor(message: string, exitCode: number, reason?: string) {
    super(message);
    this.exitCode = exitCode;
    this.reason = reason;
  }
}

export const exitCodes = { failed: 1, usage: 2, notConfigured: 3, unreachable: 4, refused: 5 } as const;

export interface Settings {
  /** Base address of the API, without a slash at its end. */
  api: string;
  token: string;
}

const PlatformFile = z.object({ api: z.url() });

/**
 * Address of the API and the operator's token: from FREEHOLD_API_URL and FREEHOLD_OPERATOR_TOKEN or its `_FILE`, else
 * from the state folder of this folder's embedded platform: `platform.json` and `keys/operator-token`.
 */
export function readSettings(env: NodeJS.ProcessEnv, folder: string): Settings {
  const state = env.FREEHOLD_STATE_DIR || join(folder, '.freehold');
  const api = env.FREEHOLD_API_URL ?? platformApi(join(state, 'platform.json'));
  const token =
    env.FREEHOLD_OPERATOR_TOKEN ??
    readText(env.FREEHOLD_OPERATOR_TOKEN_FILE ?? join(state, 'keys', 'operator-token'), 'the operator token')?.trim();
  if (!api) {
    throw new CommandError(
      'No API address: set FREEHOLD_API_URL, or run this where a platform was started with `npm start`.',
      exitCodes.notConfigured,
    );
  }
  if (!token) {
    throw new CommandError(
      'No operator token: set FREEHOLD_OPERATOR_TOKEN or FREEHOLD_OPERATOR_TOKEN_FILE.',
      exitCodes.notConfigured,
    );
  }
  return { api: api.replace(/\/$/, ''), token };
}

function platformApi(path: string): string | undefined {
  const text = readText(path, 'the address of the platform');
  if (text === undefined) return undefined;
  try {
    return PlatformFile.parse(JSON.parse(text)).api;
  } catch {
    throw new CommandError(`${path} does not name an API address.`, exitCodes.notConfigured);
  }
}

function readText(path: string, what: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`Cannot read ${what} from ${path}: ${(error as Error).message}`, exitCodes.notConfigured);
  }
}
