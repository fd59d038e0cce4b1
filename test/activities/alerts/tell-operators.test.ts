import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { Webhook } from 'standardwebhooks';
import { createAlertActivities } from '../../../src/activities/alerts/alert-activities.ts';
import { createPostAlert } from '../../../src/activities/alerts/post-alert.ts';
import { createIncidents } from '../../../src/activities/lib/incidents.ts';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { beginUndo } from '../../../src/activities/records/end-order.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import { noteDecision, noteNeedsOperator } from '../../../src/activities/records/note-operation.ts';
import { Incident } from '../../../src/contracts/api/incidents.ts';
import { tellOperatorsWorkflowType } from '../../../src/contracts/incidents.ts';
import { provision } from '../../../src/contracts/operations/provision.ts';
import type { StepName } from '../../../src/contracts/steps.ts';
import { controlQueue } from '../../../src/contracts/workflow-messages.ts';
import { createSender } from '../../../src/mail/sender.ts';
import { tellOperatorsBy } from '../../../src/workers/alerts.ts';
import { spawnMailbox } from '../../emulators/mailbox/spawn-mailbox.ts';
import { order, useApi } from '../../support/api.ts';
import { startDevServer, workflowBundle } from '../../support/temporal.ts';
import { until } from '../../support/until.ts';

/** Incidents from their cause to the operators: real records, workflows, SMTP and HTTP. */
const api = useApi();
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

let folder: string;
let mailbox: Awaited<ReturnType<typeof spawnMailbox>>;
let receiver: Server;
let environment: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;

interface Received {
  id: string;
  type: string;
  data: Incident & { incidents: Incident[] };
}
const received: Received[] = [];
let refusals = 0;

/** Verifies as a receiver does that knows only the specification. */
async function receive(request: IncomingMessage): Promise<number> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const { type, data } = new Webhook(secret).verify(body, request.headers as Record<string, string>) as Received;
  if (refusals > 0) {
    refusals -= 1;
    return 503;
  }
  received.push({ id: String(request.headers['webhook-id']), type, data });
  return 204;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-alerts-'));
  mailbox = await spawnMailbox(join(folder, 'mailbox.db'));
  receiver = createServer((request, response) => {
    receive(request).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(401).end(),
    );
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  environment = await startDevServer();
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alerts`;
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: controlQueue,
    workflowBundle: await workflowBundle(),
    activities: createAlertActivities({
      store: api.store,
      sender: createSender({ smtpUrl: mailbox.smtp, from: 'Freehold <hello@freehold.localhost>' }),
      post: createPostAlert(secret),
      addresses: {
        critical: { mail: ['night@example.com'], webhook: [url] },
        warning: { mail: ['office@example.com'], webhook: [url] },
      },
      mailsPerHour: 3,
      links: { publicUrl: 'https://api.example.com', workflowPage: (id) => `https://temporal.example.com/${id}` },
      baseDomain: 'freehold.localhost',
    }),
  });
  running = worker.run();
}, 90_000);

afterAll(async () => {
  worker?.shutdown();
  await running;
  await environment?.teardown();
  receiver?.close();
  await mailbox?.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await api.store.incidents.model.deleteMany({});
  await fetch(`${mailbox.url}/messages`, { method: 'DELETE' });
  received.length = 0;
});

interface Message {
  id: number;
  subject: string;
  text: string;
}

async function mailsTo(address: string): Promise<Message[]> {
  const answer = await fetch(`${mailbox.url}/messages?to=${address}`);
  const { messages } = (await answer.json()) as { messages: Message[] };
  return Promise.all(
    messages.map(async ({ id }) => (await (await fetch(`${mailbox.url}/messages/${id}`)).json()) as Message),
  );
}

/** An order whose steps can be made to wait for an operator. */
async function ordered() {
  const { record } = await order(api);
  const ref = { instanceId: record.instanceId, orderId: record._id, operationId: record.operationId };
  const ports = {
    incidents: createIncidents(api.store, tellOperatorsBy(environment.client)),
    ...{ store: api.store, journal: createJournal(api.store), holdMs: 60_000 },
  };
  const at = (step: StepName, attempt = 1) => ({ ...ref, step, attempt });
  await holdHostname(ports)(at('hold-hostname'));
  return { ref, ports, at, hostname: record.quote.subject.hostname };
}

test('a waiting step is told once by mail and webhook, with cause, decisions and links, and ends with the decision', async () => {
  const { ref, ports, at, hostname } = await ordered();
  refusals = 1;
  // Twice: the worker died before Temporal knew.
  for (let times = 0; times < 2; times += 1) await noteNeedsOperator(ports)(at('stack-up'), 'cloud_quota', 'vCPU: 32');
  await until(async () => received.length === 1 && (await mailsTo('night@example.com')).length === 1, {
    what: 'operators are told',
    limitMs: 30_000,
  });
  expect(received[0]).toMatchObject({
    type: 'incident.opened',
    data: {
      ...{ severity: 'critical', state: 'open', reason: 'cloud_quota', detail: 'vCPU: 32', hostname },
      ...{ operationId: ref.operationId, step: 'stack-up', attempt: 1 },
      links: {
        reason: 'https://api.example.com/docs/problems#cloud_quota',
        workflow: `https://temporal.example.com/instance/${ref.instanceId}`,
      },
    },
  });
  expect(Incident.safeParse(received[0]?.data).success).toBe(true);
  const [mail] = await mailsTo('night@example.com');
  expect(mail?.subject).toBe(`[critical] "Build the server" needs a decision: ${hostname}`);
  for (const part of [
    'The quota of the cloud account is used up',
    'vCPU: 32',
    `freehold operations retry ${ref.operationId} --step stack-up --why`,
    `freehold operations abort ${ref.operationId} --step stack-up --why`,
    `freehold operations show ${ref.operationId}`,
    'https://api.example.com/docs/problems#cloud_quota',
  ]) {
    expect(mail?.text).toContain(part);
  }
  expect(mail?.text).not.toContain('operations skip');

  const decision = { ...at('stack-up'), operator: 'ada', why: 'raised', action: 'retry' as const };
  await noteDecision(ports)(at('stack-up'), decision, provision.kind);
  expect((await api.store.incidents.newest({ isOpen: true }, { limit: 10 })).items).toEqual([]);
  // What fails again after a decision is told again.
  await noteNeedsOperator(ports)(at('stack-up', 2), 'cloud_quota', 'vCPU: 32');
  await until(async () => received.length === 2 && (await mailsTo('night@example.com')).length === 2, {
    what: 'operators are told again',
    limitMs: 30_000,
  });
  expect(new Set(received.map(({ id }) => id)).size).toBe(2);
  expect(await mailsTo('office@example.com')).toEqual([]);
}, 90_000);

test('an undo step that fails again and again is one incident; a warning goes to the addresses of warnings', async () => {
  const { ref, ports, at } = await ordered();
  await beginUndo(ports)(ref, 'not_delivered');
  for (const attempt of [1, 2, 3]) {
    await noteNeedsOperator(ports)(at('destroy-stack', attempt), 'orphan_cleanup', `try ${attempt}`);
  }
  await until(async () => (await mailsTo('office@example.com')).length === 1 && received.length === 1, {
    what: 'operators are told',
    limitMs: 30_000,
  });
  expect(await mailsTo('night@example.com')).toEqual([]);
  const [open] = (await api.store.incidents.newest({ isOpen: true }, { limit: 10 })).items;
  expect(open).toMatchObject({ severity: 'warning', attempt: 3, detail: 'try 3' });
  await ports.journal.note(at('destroy-stack', 4), { status: 'succeeded' });
  expect((await api.store.incidents.newest({ isOpen: true }, { limit: 10 })).items).toEqual([]);
}, 90_000);

test('many at once: as many mails as an hour allows, the last one says so; webhooks tell all', async () => {
  for (let number = 0; number < 5; number += 1) {
    const { ports, at } = await ordered();
    await noteNeedsOperator(ports)(at('stack-up'), 'cloud_credentials_expired', 'expired');
  }
  await until(async () => received.length === 5 && (await mailsTo('night@example.com')).length === 3, {
    what: 'operators are told',
    limitMs: 30_000,
  });
  const mails = await mailsTo('night@example.com');
  expect(mails.filter(({ text }) => text.includes('freehold incidents list'))).toHaveLength(1);
}, 90_000);

test('the daily look lists what is open with the critical first, tickets that repair themselves too, and comes when nothing is', async () => {
  const look = (workflowId: string) =>
    environment.client.workflow.execute(tellOperatorsWorkflowType, { workflowId, taskQueue: controlQueue, args: [{}] });
  await look('look-1');
  expect((await mailsTo('office@example.com'))[0]).toMatchObject({
    subject: 'Nothing is open',
    text: expect.stringContaining('No incident and no mismatch between systems is open.'),
  });

  const { ports, at, hostname } = await ordered();
  await noteNeedsOperator(ports)(at('stack-up'), 'stack_failed', 'boom');
  await noteNeedsOperator(ports)(at('destroy-stack'), 'orphan_cleanup', 'left');
  await api.store.tickets.note({ kind: 'hold_left', subject: 'left-name', repair: 'release_hold' }, new Date());
  await look('look-2');
  const mail = (await mailsTo('office@example.com')).find(({ subject }) => subject === '3 things are open');
  expect(mail?.text.indexOf(`[critical] "Build the server" needs a decision: ${hostname}`)).toBeGreaterThan(0);
  expect(mail?.text.indexOf('[warning]')).toBeGreaterThan(mail!.text.indexOf('[critical]'));
  expect(mail?.text).toContain('hold_left: left-name');
  const told = received.filter(({ type }) => type === 'incidents.open');
  expect(
    told
      .at(-1)
      ?.data.incidents.map(({ severity }) => severity)
      .sort(),
  ).toEqual(['critical', 'warning']);
}, 90_000);
