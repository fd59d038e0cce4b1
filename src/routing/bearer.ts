import type { Request } from 'express';

/** The secret in `Authorization: Bearer`, whatever the case of that word; undefined if there is none. */
export function bearerOf(request: Request): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(request.get('Authorization') ?? '')?.[1];
}
