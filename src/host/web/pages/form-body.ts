import express, { type Request, type RequestHandler } from 'express';
import { HostError } from '../../reasons.ts';

/** Reads a plain form; a repeated field is refused by the schema, because it becomes a list. */
export const plainForm: RequestHandler = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 20 });

/** Largest form with a picture, bytes. */
const pictureForm = '128kb';
export const rawForm: RequestHandler = express.raw({ type: 'multipart/form-data', limit: pictureForm });

/** Fields of a multipart form read by `rawForm`; a file becomes base64, an empty one is omitted. */
export async function multipartFields(req: Request): Promise<Record<string, string>> {
  if (!Buffer.isBuffer(req.body)) throw new HostError('malformed_body');
  const response = new Response(new Uint8Array(req.body), {
    headers: { 'Content-Type': req.get('Content-Type') ?? '' },
  });
  const form = await response.formData().catch((cause: unknown) => {
    throw new HostError('malformed_body', { cause });
  });
  const fields: Record<string, string> = {};
  for (const [name, value] of form) {
    if (typeof value === 'string') fields[name] = value;
    else if (value.size > 0) fields[name] = Buffer.from(await value.arrayBuffer()).toString('base64');
  }
  return fields;
}
