import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import mongoose from 'mongoose';

/**
 * The yardstick of a quote: an Express process with no rules, no checks, no prices and no log, which writes to the same
 * database what a quote writes there (a hold whose key is unique, the quote beside it, a look at the buyer's other
 * holds). How fast the machine and its database are shows in it, so a quote is judged by its ratio to this.
 */
const { MONGODB_URI } = process.env;
if (!MONGODB_URI) throw new Error('MONGODB_URI has to name the database');
const connection = await mongoose.createConnection(MONGODB_URI).asPromise();
const holds = connection.collection('bench-holds');
const quotes = connection.collection('bench-quotes');
await holds.createIndex({ ip: 1, until: 1 });

const app = express();
app.post('/', express.json(), async (request, response) => {
  const id = randomBytes(12).toString('hex');
  const until = new Date(Date.now() + 1_800_000);
  const ip = request.ip ?? '';
  await Promise.all([
    holds.insertOne({ _id: id as never, ip, until }),
    quotes.insertOne({ _id: id as never, content: request.body, until }),
  ]);
  await holds.findOne({ ip, until: { $gt: new Date() } }, { skip: 1_000, projection: { _id: 1 } });
  response.status(201).json({ id, ...request.body });
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
process.stdin.resume().once('end', () => process.exit(0));
