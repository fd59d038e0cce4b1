import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { z } from 'zod';

const Document = z.object({
  write_files: z.array(
    z.object({
      path: z.string(),
      permissions: z.string(),
      encoding: z.literal('gz+b64').optional(),
      content: z.string(),
    }),
  ),
});

/** The files that our `#cloud-config` document writes on a machine, by path. */
export function readUserData(text: string): Map<string, { content: string; permissions: string }> {
  const { write_files } = Document.parse(parse(text, { version: '1.1' }));
  return new Map(
    write_files.map(({ path, permissions, encoding, content }) => [
      path,
      { permissions, content: encoding ? gunzipSync(Buffer.from(content, 'base64')).toString() : content },
    ]),
  );
}
