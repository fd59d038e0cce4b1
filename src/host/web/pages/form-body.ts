import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import express, { type Request, type RequestHandler } from 'express';
import { textsOf } from '../../../texts/texts.ts';
import { logoBytes } from '../../inputs.ts';
import { HostError } from '../../reasons.ts';

/** Reads a plain form; a repeated field is refused by the schema, because it becomes a list. */
export const plainForm: RequestHandler = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 20 });

/**
 * Largest form with a picture that is read to its end, bytes. Of a picture only as much is kept as shows that it is too
 * large, so that the form comes back with all else that was typed.
 */
const largestForm = 32 * 1_048_576;

const limits = { fields: 20, fieldSize: 4_096, files: 1, fileSize: logoBytes + 1, parts: 20, headerPairs: 20 };

/**
 * Fields of a multipart form; a file becomes base64, an empty one is omitted. Errors: malformed_body, body_too_large.
 */
export async function multipartFields(req: Request): Promise<Record<string, string>> {
  const fields = new Map<string, string>();
  try {
    const contentType = req.get('Content-Type') ?? '';
    const form = new Busboy({ headers: { 'content-type': contentType }, limits });
    form.on('field', (name, value) => void fields.set(name, value));
    form.on('file', (name, file) => {
      const chunks: Buffer[] = [];
      file.on('data', (chunk: Buffer) => void chunks.push(chunk));
      file.on('end', () => {
        const data = Buffer.concat(chunks);
        if (data.length > 0) fields.set(name, data.toString('base64'));
      });
    });
    await pipeline(req, bounded, form);
  } catch (error) {
    throw error instanceof HostError ? error : new HostError('malformed_body', { cause: error });
  }
  return Object.fromEntries(fields);
}

async function* bounded(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > largestForm) {
      const detail = textsOf('en').host.details.tooLarge({ kilobytes: largestForm / 1_024 });
      throw new HostError('body_too_large', { detail });
    }
    yield chunk;
  }
}
