import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client } from '@temporalio/client';
import express from 'express';
import mongoose from 'mongoose';
import { connectToTemporal } from '../src/workers/connection.ts';

/**
 * The baseline of the API: an Express process without rules, checks, prices or log, on the same database and Temporal.
 * It measures the machine and these two, so that the API is judged relative to it.
 *
 * `POST /quotes` does a quote's writes: a hold with a unique key, the quote, a count of the buyer's other holds. `POST
 * /orders` reads and writes what an order does, and starts a workflow that no worker executes.
 */
const { MONGODB_URI } = process.env;
if (!MONGODB_URI) throw new Error('MONGODB_URI has to name the database');
const database = await mongoose.createConnection(MONGODB_URI).asPromise();
const holds = database.collection('bench-holds');
const quotes = database.collection('bench-quotes');
const accounts = database.collection('bench-accounts');
const orders = database.collection('bench-orders');
await Promise.all([
  holds.createIndex({ ip: 1, until: 1 }),
  accounts.createIndex({ email: 1 }, { unique: true }),
  orders.createIndex({ quoteId: 1 }, { unique: true }),
  orders.createIndex({ scope: 1, key: 1 }, { unique: true }),
]);
const client = new Client(await connectToTemporal());

const newId = () => randomBytes(12).toString('hex');
const inHalfAnHour = () => new Date(Date.now() + 1_800_000);

/** Whether this address has more holds than allowed. */
const hasTooMany = (ip: string) =>
  holds.findOne({ ip, until: { $gt: new Date() } }, { skip: 1_000, projection: { _id: 1 } });

const app = express();
app.use(express.json());

app.post('/quotes', async (request, response) => {
  const id = newId();
  const until = inHalfAnHour();
  const ip = request.ip ?? '';
  await Promise.all([
    holds.insertOne({ _id: id as never, ip, until }),
    quotes.insertOne({ _id: id as never, content: request.body, until }),
  ]);
  await hasTooMany(ip);
  response.status(201).json({ id, ...request.body });
});

app.post('/orders', async (request, response) => {
  const id = newId();
  const ip = request.ip ?? '';
  const { quoteId, adminEmail: email } = request.body;
  await Promise.all([orders.findOne({ scope: quoteId, key: id }), quotes.findOne({ _id: quoteId })]);
  await accounts.findOneAndUpdate({ email }, { $setOnInsert: { email } }, { upsert: true });
  await hasTooMany(ip);
  await orders.insertOne({ _id: id as never, quoteId, scope: quoteId, key: id, content: request.body });
  await holds.findOneAndUpdate({ _id: quoteId }, { $set: { holder: id, until: inHalfAnHour() } });
  await client.workflow.start('nobody', { taskQueue: 'nobody', workflowId: `bench-${id}`, args: [request.body] });
  await orders.updateOne({ _id: id as never }, { $set: { startedAt: new Date() } });
  response.status(202).json({ id });
});

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
process.stdin.resume().once('end', () => process.exit(0));
