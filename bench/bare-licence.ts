import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import mongoose from 'mongoose';

/**
 * The baseline of the licence server: an Express process with no rules, no checks, no limits and no log. `POST /`
 * parses the same body, does one conditional update in the same database among as many documents, and signs with
 * Ed25519. It measures the machine and the database, so that the licence server is judged relative to it.
 *
 * The documents are numbered and `round` counts the updates of each: the condition matches, as a secret's does.
 */
const { LICENCE_MONGODB_URI, BENCH_DOCUMENTS } = process.env;
if (!LICENCE_MONGODB_URI) throw new Error('LICENCE_MONGODB_URI has to name the database');
const database = await mongoose.createConnection(LICENCE_MONGODB_URI).asPromise();
const documents = database.collection<{ _id: string; round: number; filler: string }>('bench-documents');
const count = Number(BENCH_DOCUMENTS);
await documents.deleteMany({});
await documents.insertMany(
  Array.from({ length: count }, (_, index) => ({
    _id: `document-${index}`,
    round: 0,
    // About the size of an activation.
    filler: randomBytes(600).toString('hex'),
  })),
);
const { privateKey } = generateKeyPairSync('ed25519');
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const app = express();
app.use(express.json());
app.post('/', async (request, response) => {
  const { id, round, ...rest } = request.body as { id: string; round: number };
  const changed = await documents.findOneAndUpdate(
    { _id: id, round },
    { $set: { round: round + 1, secret: randomBytes(32).toString('base64url'), at: new Date() } },
    { returnDocument: 'after' },
  );
  if (changed === null) {
    response.status(409).json({});
    return;
  }
  const payload = `${encoded({ alg: 'EdDSA' })}.${encoded({ ...rest, id, round: changed.round, exp: Date.now() })}`;
  const signature = sign(null, Buffer.from(payload), privateKey).toString('base64url');
  response.json({ round: changed.round, license: `${payload}.${signature}` });
});

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`{"listening":"http://127.0.0.1:${(server.address() as AddressInfo).port}"}\n`);
