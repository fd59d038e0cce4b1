import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorName } from '../contracts/api/operator.ts';

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
  /** Who acts, for the audit log. */
  operator: string | undefined;
}

const Address = z.url({ protocol: /^https?$/ });
const PlatformFile = z.object({ api: z.url() });

/**
 * Address of the API, the operator's token and their name. The name is `--operator`, FREEHOLD_OPERATOR or the name of
 * the user of this machine, as far as it is written in Latin letters. Address and token come from FREEHOLD_API_URL and
 * FREEHOLD_OPERATOR_TOKEN or its `_FILE`, else from the state folder of this folder's embedded platform:
 * `platform.json` and `keys/operator-token`.
 */
export function readSettings(env: NodeJS.ProcessEnv, folder: string, operator?: string): Settings {
  const state = env.FREEHOLD_STATE_DIR || join(folder, '.freehold');
  const api = env.FREEHOLD_API_URL || platformApi(join(state, 'platform.json'));
  const token =
    env.FREEHOLD_OPERATOR_TOKEN ||
    readText(env.FREEHOLD_OPERATOR_TOKEN_FILE || join(state, 'keys', 'operator-token'), 'the operator token')?.trim();
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
  if (!Address.safeParse(api).success) {
    throw new CommandError(`${api} is not an address like https://api.example.com.`, exitCodes.notConfigured);
  }
  const named = operator ?? env.FREEHOLD_OPERATOR;
  if (named && !OperatorName.safeParse(named).success) {
    throw new CommandError(
      `"${named}" cannot be the name of an operator: Latin letters, at most 100.`,
      exitCodes.usage,
    );
  }
  return { api: api.replace(/\/$/, ''), token, operator: named || userName() };
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

function userName(): string | undefined {
  try {
    return OperatorName.safeParse(userInfo().username).data;
  } catch {
    // The machine has no entry for this user.
    return undefined;
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
