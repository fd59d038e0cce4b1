import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import mongoose from 'mongoose';
import { z } from 'zod';
import { createVisitor } from '../src/embedded/demo/first-use.ts';
import { createOutside } from '../src/embedded/demo/outside.ts';
import type { Platform } from '../src/embedded/platform.ts';
import type { Reach } from '../src/runtime/reach.ts';
import { kinds } from '../src/stacks/local/cloud-api.ts';
import type { OperationRecord, OrderRecord } from '../src/store/records.ts';
import type { CustomerFact, Evidence, OrderFact } from './evidence.ts';
import { processFacts } from './platform-processes.ts';
import { readStripe } from './read-stripe.ts';

/** How long the host of a delivered order may take to answer: its cloud may just have been killed. */
const answerMs = 30_000;

/** The platform, and what else is needed to collect evidence. */
export interface EvidenceContext {
  platform: Platform;
  reach: Reach;
  customers: CustomerFact[];
  /** Secrets of the customers, such as the capability of an order. */
  secrets: { what: string; value: string }[];
  isNameFree: (name: string) => Promise<boolean>;
}

/** Asks every system for its data. Every process must serve; changes nothing. */
export async function collectEvidence(context: EvidenceContext): Promise<Evidence> {
  const { platform, customers } = context;
  const outside = createOutside(platform);
  const records = await readRecords(platform);
  const [stripe, cloud, stacks, mails, workflows] = await Promise.all([
    readStripe(platform),
    readCloud(platform),
    outside.stacks(),
    readMails(platform),
    readWorkflows(platform),
  ]);
  const licences = await Promise.all(records.licensed.map((instanceId) => outside.licences(instanceId)));
  const answering = await Promise.all(records.orders.map((order) => answers(context, order)));
  const free = await Promise.all(records.orders.map(({ name }) => context.isNameFree(name)));
  return {
    orders: records.orders,
    customers,
    stripe,
    cloud,
    answering: records.orders.filter((_order, index) => answering[index]).map(({ instanceId }) => instanceId),
    stacks,
    engineLocks: filesUnder(join(platform.stateDir, 'pulumi/state/.pulumi/locks')).map((file) =>
      relative(platform.stateDir, file),
    ),
    leases: records.leases,
    licences: licences.flat().map(({ licenseId, externalRef, revokedAt, status, activations }) => ({
      id: licenseId,
      instanceId: externalRef,
      usable: revokedAt === null && status === 'ACTIVE',
      activeNodes: activations.filter((activation) => activation.status === 'active').length,
    })),
    mails,
    outbox: records.outbox,
    holds: records.holds,
    freeNames: records.orders.filter((_order, index) => free[index]).map(({ name }) => name),
    operations: records.operations,
    timelines: records.timelines,
    workflows: workflows.all,
    processes: await processFacts(platform),
    texts: [...workflows.texts, ...readTexts(platform.stateDir)],
    secrets: [...secretsOf(platform, records.orders), ...context.secrets],
  };
}

interface HoldRow {
  _id: string;
  holder: string;
  holderId: string;
  until: Date | null;
}

/** The records of the control plane, and the instances with licences at the licence server. */
async function readRecords({ env }: Platform) {
  const connection = await mongoose.createConnection(env.MONGODB_URI!, { autoIndex: false }).asPromise();
  try {
    const all = <Row>(name: string) => connection.collection(name).find({}).toArray() as unknown as Promise<Row[]>;
    const [orders, instances, operations, timeline, holds, leases, outbox] = await Promise.all([
      all<OrderRecord>('orders'),
      all<{ _id: string; status: string }>('instances'),
      all<OperationRecord>('operations'),
      all<{ instanceId: string; sequence: number }>('timeline'),
      all<HoldRow>('hostname-holds'),
      all<{ _id: string; owner: string | null }>('stack-leases'),
      all<{ _id: string; status: string }>('outbox'),
    ]);
    const licences = connection.getClient().db('freehold-licence').collection('licences');
    const licensed = await licences.distinct('externalRef');
    const sequences = new Map<string, number[]>();
    for (const { instanceId, sequence } of timeline) {
      sequences.set(instanceId, [...(sequences.get(instanceId) ?? []), sequence]);
    }
    return {
      orders: orders.map(
        (order): OrderFact => ({
          id: order._id,
          instanceId: order.instanceId,
          instanceStatus: instances.find(({ _id }) => _id === order.instanceId)?.status ?? null,
          name: order.quote.subject.name,
          hostname: order.quote.subject.hostname,
          state: order.state,
          total: order.quote.total,
          adminEmail: order.adminEmail,
          billingEmail: order.billingEmail,
        }),
      ),
      operations: operations.map(({ _id, instanceId, status }) => ({ id: _id, instanceId, status })),
      timelines: [...sequences].map(([instanceId, found]) => ({
        instanceId,
        sequences: found.sort((one, other) => one - other),
      })),
      holds: holds.map(({ _id, holder, holderId, until }) => ({
        ...{ name: _id, holder, holderId },
        ended: until !== null && until.getTime() <= Date.now(),
      })),
      leases: leases.map(({ _id, owner }) => ({ stack: _id, owner })),
      outbox: outbox.map(({ _id, status }) => ({ messageId: _id, status })),
      licensed: licensed as string[],
    };
  } finally {
    await connection.close();
  }
}

const CloudThing = z.object({
  name: z.string(),
  tags: z.record(z.string(), z.string()),
  pid: z.number().nullish(),
});

async function readCloud({ urls, keys }: Platform): Promise<Evidence['cloud']> {
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const headers = { authorization: `Bearer ${keys['cloud-token']}` };
      const answer = await fetch(`${urls.cloud}/v1/${kind}`, { headers });
      const found = z.array(CloudThing).parse(await answer.json());
      return found.map(({ name, tags, pid }) => ({
        ...{ kind, name, pid: pid ?? null },
        instanceId: tags['freehold:instance'] ?? null,
      }));
    }),
  );
  return lists.flat();
}

const Mails = z.object({ messages: z.array(z.object({ messageId: z.string(), to: z.array(z.string()) })) });

async function readMails({ urls }: Platform): Promise<Evidence['mails']> {
  return Mails.parse(await (await fetch(`${urls.mailbox}/messages`)).json()).messages;
}

/** Every run of every workflow, and its history with decoded payloads. */
async function readWorkflows({ env }: Platform) {
  const connection = await Connection.connect({ address: env.TEMPORAL_ADDRESS });
  try {
    const client = new Client({ connection });
    const all: Evidence['workflows'] = [];
    const texts: Evidence['texts'] = [];
    for await (const { workflowId, runId, status, searchAttributes } of client.workflow.list()) {
      const [instanceId] = (searchAttributes.InstanceId ?? []) as string[];
      all.push({ id: workflowId, status: status.name, instanceId });
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      texts.push({ where: `the history of ${workflowId}`, text: textOf(history) });
    }
    return { all, texts };
  } finally {
    await connection.close();
  }
}

/** All text of a decoded message, bytes included. */
function textOf(message: unknown): string {
  const words: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') words.push(value);
    else if (value instanceof Uint8Array) words.push(Buffer.from(value).toString('utf8'));
    else if (value !== null && typeof value === 'object') for (const each of Object.values(value)) visit(each);
  };
  visit(message);
  return words.join('\n');
}

/** Whether the host answers at its hostname through DNS, edge router and TLS, and names this instance. */
async function answers(
  { platform, reach }: EvidenceContext,
  { instanceId, hostname, state }: OrderFact,
): Promise<boolean> {
  const visitor = createVisitor(`https://${hostname}:${platform.ports.edge}`, reach);
  const deadline = performance.now() + (state === 'fulfilled' ? answerMs : 0);
  for (;;) {
    try {
      const health = await visitor.health();
      if (health.instanceId === instanceId && health.status === 'ok') return true;
    } catch {
      // Any error means that the host does not answer, which is the result.
    }
    if (performance.now() >= deadline) return false;
    await delay(250);
  }
}

/** Logs of every process and host, and everything written by the engine. */
function readTexts(stateDir: string): Evidence['texts'] {
  const hosts = filesUnder(join(stateDir, 'cloud/data/hosts')).filter((file) => file.endsWith('.log'));
  const files = [...filesUnder(join(stateDir, 'logs')), ...hosts, ...filesUnder(join(stateDir, 'pulumi/state'))];
  return files.map((file) => ({ where: relative(stateDir, file), text: readFileSync(file, 'utf8') }));
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function secretsOf({ keys }: Platform, orders: OrderFact[]): Evidence['secrets'] {
  const addresses = new Set(orders.flatMap(({ adminEmail, billingEmail }) => [adminEmail, billingEmail]));
  return [
    // The publishable key is for browsers and not secret.
    ...Object.entries(keys)
      .filter(([name]) => name !== 'stripe-publishable-key')
      .map(([name, value]) => ({ what: `the key ${name}`, value })),
    ...[...addresses].map((value) => ({ what: `the address ${value}`, value })),
  ];
}
