import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emptyReport } from '../../src/contracts/clouds.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { notedWorkflows, operatorToken, order, startApi, type TestApi } from '../support/api.ts';
import { startDatabase, type TestDatabase } from '../support/database.ts';
import { instanceRecord } from '../support/instance-record.ts';
import { until } from '../support/until.ts';

const entry = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
let database: TestDatabase;
let api: TestApi;
let folder: string;
let cloudsAre: 'ready' | 'refused' = 'refused';
const { workflows, calls } = notedWorkflows({
  cloudCheckReport: async () => [
    {
      ...emptyReport('aws', 'incomplete', null),
      permissions: { asked: 3, missing: ['ec2:RunInstances'], unchecked: ['ec2:CreateVolume'] },
      regions: [
        { name: 'eu-west-1', lacks: [] },
        { name: 'us-east-1', lacks: ['t3.small'] },
        { name: 'sa-east-1', lacks: null },
      ],
    },
    emptyReport('local', cloudsAre, cloudsAre === 'ready' ? null : { reason: 'cloud_unavailable', detail: '' }),
  ],
  reconcileReport: async () => ({
    repair: false,
    compared: 3,
    inMotion: 1,
    found: 1,
    repaired: 0,
    mismatches: [{ kind: 'hold_left', subject: 'acme', repair: 'release_hold' }],
    unread: ['names'],
  }),
});

beforeAll(async () => {
  database = await startDatabase();
  api = await startApi(database.uri, { workflows });
  folder = await mkdtemp(join(tmpdir(), 'freehold-cli-'));
});

afterAll(async () => {
  await api.close();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

function freehold(
  args: string[],
  env: Record<string, string> = { FREEHOLD_API_URL: api.url, FREEHOLD_OPERATOR_TOKEN: operatorToken },
) {
  return new Promise<Outcome>((resolve, reject) => {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
      cwd: folder,
      env: { PATH, ...env },
    });
    const outcome: Outcome = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      outcome.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      outcome.err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}

/** An address on which nothing listens any more. */
async function addressOfNobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

async function waiting(): Promise<OrderRecord> {
  const { record } = await order(api);
  await api.store.operations.insert({
    _id: record.operationId,
    instanceId: record.instanceId,
    orderId: record._id,
    accountId: record.accountId,
    kind: 'provision',
    status: 'needs_operator',
    reason: 'stack_failed',
    steps: [
      {
        step: 'stack-up',
        status: 'needs_operator',
        attempt: 3,
        startedAt: new Date(),
        reason: 'stack_failed',
        detail: 'quota',
      },
    ],
    createdAt: new Date(),
  });
  return record;
}

describe('freehold', () => {
  test('lists and shows orders, for people and for programs', async () => {
    const { record } = await order(api);
    const list = await freehold(['orders', 'list', '--state', 'awaiting_payment']);
    expect(list).toMatchObject({ code: 0, err: '' });
    expect(list.out).toMatch(/^ORDER +STATE +HOSTNAME/);
    expect(list.out).toContain(record._id);

    const show = await freehold(['orders', 'show', record._id]);
    expect(show.out).toContain(record.quote.subject.hostname);
    const json = await freehold(['--json', 'orders', 'show', record._id]);
    expect(JSON.parse(json.out)).toMatchObject({ id: record._id, workflowId: `instance/${record.instanceId}` });
    expect((await freehold(['instances', 'list'])).out).toBe('No instances.\n');
  });

  test('retries, skips and aborts the step that waits', async () => {
    const record = await waiting();
    const list = await freehold(['operations', 'list', '--waiting']);
    expect(list.out).toContain('stack-up (attempt 3)');
    const show = await freehold(['operations', 'show', record.operationId]);
    expect(show.out).toContain(`freehold operations retry ${record.operationId}`);

    for (const [action, accepted] of [
      ['retry', 'Retry accepted: stack-up runs again, as try 4.\n'],
      ['skip', 'Skip accepted: the operation continues without stack-up.\n'],
      ['abort', expect.stringMatching(/^Abort accepted in stack-up: /)],
    ] as const) {
      const decide = ['operations', action, record.operationId, '--why', 'because', '--no-follow'];
      const done = await freehold(['--operator', 'Ada L.', ...decide]);
      expect(done).toEqual({ code: 0, out: '', err: accepted });
      expect(calls.findLast(({ call }) => call === 'decide')?.args[1]).toMatchObject({
        action,
        request: { step: 'stack-up', attempt: 3, why: 'because' },
      });
    }
    const history = await freehold(['operations', 'show', record.operationId]);
    expect(history.out).toMatch(/operator:Ada L\. {2}request-retry: because/);
  });

  test('follows a decision until the operation has ended or waits again, and says which', async () => {
    const record = await waiting();
    const id = record.operationId;
    const retry = freehold(['operations', 'retry', id, '--why', 'because']);
    const step = (status: 'running' | 'needs_operator' | 'succeeded', attempt: number) =>
      api.store.operations.setStep(id, {
        ...{ step: 'stack-up', status, attempt },
        ...(status === 'needs_operator' ? { reason: 'cloud_quota' } : {}),
      });
    const accepted = calls.length;
    await until(() => calls.slice(accepted).some(({ call }) => call === 'decide') || undefined);
    await step('running', 4);
    await api.store.operations.setStatus(id, { status: 'needs_operator', reason: 'cloud_quota' });
    await step('needs_operator', 4);
    const again = await retry;
    expect(again.code).toBe(1);
    expect(again.err).toMatch(
      /^Retry accepted: stack-up runs again, as try 4\.\n[\s\S]*stack-up: needs_operator, try 4, cloud_quota\n$/,
    );
    // Cause and decisions come before the table of steps.
    expect(again.out).toMatch(/stack-up waits for you\.[\s\S]*freehold operations retry[\s\S]*\nSTEP +STATUS/);

    const second = freehold(['--json', 'operations', 'retry', id, '--why', 'because']);
    await until(() => calls.slice(accepted).filter(({ call }) => call === 'decide').length === 2 || undefined);
    await step('succeeded', 5);
    await api.store.operations.setStatus(id, { status: 'succeeded' });
    const done = await second;
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(done.out)).toMatchObject({ id, status: 'succeeded' });
  });

  test('corrects a wrong address, and says where the mails can be seen', async () => {
    const { record } = await order(api, { billingEmail: 'ada@exmaple.com' });
    const correction = ['--from', 'ADA@exmaple.com', '--to', 'ada@example.com', '--why', 'a typing error'];
    const done = await freehold(['--operator', 'Ada L.', 'orders', 'correct-address', record._id, ...correction]);
    expect(done).toMatchObject({ code: 0, err: expect.stringContaining(`freehold orders show ${record._id}`) });
    expect(done.out).toMatch(/payer +ada@example\.com/);
    expect(done.out).toMatch(/operator:Ada L\. {2}correct-address: a typing error/);
    expect(calls.findLast(({ call }) => call === 'startCorrection')?.args).toEqual([
      { orderId: record._id, number: 1 },
    ]);
    const wrong = await freehold([
      'orders',
      'correct-address',
      record._id,
      '--from',
      'x@example.com',
      ...correction.slice(2),
    ]);
    expect(wrong).toMatchObject({ code: 5, err: expect.stringContaining('address_not_there') });
  }, 60_000);

  test('finds an order by everything that people have of it', async () => {
    const { record } = await order(api);
    await api.store.orders.model.updateOne(
      { _id: record._id },
      {
        payment: {
          ...{ customerId: 'cus_find', subscriptionId: 'sub_find', paymentIntentId: 'pi_find', invoiceId: 'in_find' },
        },
        invoiceIds: ['in_find'],
      },
    );
    const { instanceId, accountId } = record;
    await api.store.instances.insert(
      instanceRecord({ _id: instanceId, accountId, orderId: record._id, status: 'ready', licenceId: 'lic_find' }),
    );
    const { hostname, name } = record.quote.subject;
    const texts = [record._id, record.instanceId, record.operationId, record.quoteId, record.accountId];
    for (const text of [
      ...[...texts, record.billingEmail.toUpperCase(), hostname, name.toUpperCase()],
      ...['cus_find', 'sub_find', 'pi_find', 'in_find', 'lic_find'],
    ]) {
      const found = await freehold(['--json', 'find', text]);
      expect({ text, ...found }).toMatchObject({ text, code: 0, out: expect.not.stringContaining('error') });
      const { orders, instances } = JSON.parse(found.out);
      expect({ text, orders: orders.map(({ id }: { id: string }) => id) }).toEqual({
        text,
        orders: expect.arrayContaining([record._id]),
      });
      expect(instances.map(({ id }: { id: string }) => id)).toContain(record.instanceId);
    }
    expect((await freehold(['find', record.billingEmail])).out).toMatch(/^ORDER[\s\S]*\nINSTANCE[\s\S]*\nACCOUNT/);
    expect(await freehold(['find', 'nobody@example.com'])).toEqual({
      ...{ code: 1, err: '' },
      out: 'Nothing has the id, address or name "nobody@example.com".\n',
    });
    await api.store.instances.model.deleteMany({});
  });

  test('cancels an order as the operator that it is told', async () => {
    const { record } = await order(api);
    const done = await freehold(['orders', 'cancel', record._id, '--why', 'asked by mail', '--operator', 'ada']);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(calls.findLast(({ call }) => call === 'cancel')?.args).toEqual([
      record.instanceId,
      { by: 'operator', updateId: expect.any(String) },
    ]);
    expect(await api.store.audit.of(record._id)).toMatchObject([
      { action: 'cancel-order', actor: 'operator:ada', why: 'asked by mail' },
    ]);
    expect((await freehold(['orders', 'cancel', record._id])).code).toBe(2);
    const shown = await freehold(['accounts', 'show', record.accountId]);
    expect(shown.out).toMatch(/^account +acc_[\s\S]*MEMBER +E-MAIL +ROLES/);
  });

  test('shows the platform at a glance, and its version', async () => {
    await waiting();
    const status = await freehold(['status']);
    expect(status).toMatchObject({ code: 0, err: '' });
    expect(status.out).toMatch(
      /platform +ok\nversion +\d+\.\d+\.\d+\ndatabase +ok\ntemporal +ok\nwaiting +\d+: freehold/,
    );
    expect(status.out).toMatch(/open orders +\d+ awaiting_payment/);
    expect((await freehold(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('lists page by page, each record once', async () => {
    for (let count = 0; count < 3; count += 1) await order(api);
    const all = JSON.parse((await freehold(['--json', 'orders', 'list', '--limit', '200'])).out);
    const first = await freehold(['orders', 'list', '--limit', '2']);
    expect(first.err).toBe(`More: add --before ${all[1].id}\n`);
    const ids: string[] = [];
    for (let before: string[] = []; ; before = ['--before', ids.at(-1)!]) {
      const page = JSON.parse((await freehold(['--json', 'orders', 'list', '--limit', '2', ...before])).out);
      ids.push(...page.map(({ id }: { id: string }) => id));
      if (page.length < 2) break;
    }
    expect(ids).toEqual(all.map(({ id }: { id: string }) => id));
  }, 60_000);

  test('acts on the step that is named where several wait', async () => {
    const record = await waiting();
    await api.store.operations.setStep(record.operationId, {
      ...{ step: 'settle-money', status: 'needs_operator', attempt: 2, reason: 'refund_failed' },
    });
    const done = await freehold([
      'operations',
      'retry',
      record.operationId,
      '--step',
      'settle-money',
      '--why',
      'mended',
      '--no-follow',
    ]);
    expect(done).toMatchObject({ code: 0 });
    expect(calls.findLast(({ call }) => call === 'decide')?.args[1]).toMatchObject({
      request: { step: 'settle-money', attempt: 2 },
    });
  });

  test('does not act where nothing waits', async () => {
    const { record } = await order(api);
    const missing = await freehold(['operations', 'retry', record.operationId, '--why', 'x']);
    expect(missing).toMatchObject({ code: 5, out: '' });
    expect(missing.err).toBe(`There is no operation ${record.operationId}.\n`);
    for (const [kind, id] of [
      ['orders', 'ord_0000000000000000'],
      ['instances', 'i0000000000000000'],
      ['accounts', 'acc_0000000000000000'],
      ['tickets', 'tic_0000000000000000'],
    ] as const) {
      const gone = await freehold([kind, 'show', id]);
      expect(gone).toMatchObject({ code: 5, err: expect.stringMatching(/^There is no \w+ \w+\.\n$/) });
      const odd = await freehold([kind, 'show', 'acme']);
      expect(odd).toMatchObject({
        code: 2,
        err: expect.stringMatching(/^"acme" is not the id of .*freehold find acme\n$/),
      });
    }
    const other = await waiting();
    const wrong = await freehold(['operations', 'skip', other.operationId, '--step', 'send-mail', '--why', 'x']);
    expect(wrong).toMatchObject({ code: 5, err: `No step send-mail of ${other.operationId} waits for an operator.\n` });
    const old = await freehold(['operations', 'skip', other.operationId, '--attempt', '1', '--why', 'x']);
    expect(old.err).toMatch(/\[step_not_waiting, /);
  });

  test('has a server checked for drift, and shows what came of it', async () => {
    const { record } = await order(api);
    await api.store.instances.insert(instanceRecord({ _id: record.instanceId, status: 'drifted' }));
    // The answers of the recording workflows.
    const operationId = 'op_0000000000000000';
    await api.store.operations.insert({
      ...{ _id: operationId, instanceId: record.instanceId, orderId: record._id, accountId: record.accountId },
      ...{ kind: 'check-drift', status: 'succeeded', steps: [], createdAt: new Date() },
    });
    const done = await freehold(['--json', 'instances', 'check-drift', record.instanceId]);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(done.out)).toMatchObject({ id: operationId, kind: 'check-drift', status: 'succeeded' });
    expect(calls.findLast(({ call }) => call === 'request')?.args).toEqual([
      record.instanceId,
      { kind: 'check-drift', operationId: expect.stringMatching(/^op_/), requestedBy: 'operator' },
    ]);

    const step = { step: 'report-drift' as const, status: 'needs_operator' as const, attempt: 1 };
    await api.store.operations.setStep(operationId, {
      ...step,
      reason: 'volume_gone',
      detail: 'volume-node-1 missing',
    });
    await api.store.operations.setStatus(operationId, { status: 'needs_operator', reason: 'volume_gone' });
    const waits = await freehold(['instances', 'check-drift', record.instanceId]);
    expect(waits.code).toBe(1);
    expect(waits.out).toContain(
      'report-drift waits for you. The data volume of a delivered server is gone at the cloud; the detail names it.',
    );
    expect(waits.out).toMatch(/operations retry .*\n.*operations abort /);
    expect(await freehold(['instances', 'check-drift', 'i0000000000000000'])).toMatchObject({ code: 5 });
    await api.store.instances.model.deleteMany({});
  });

  test('restarts a server, and shows its steps', async () => {
    const { record } = await order(api);
    await api.store.instances.insert(instanceRecord({ _id: record.instanceId, status: 'ready' }));
    const operationId = 'op_0000000000000000';
    await api.store.operations.model.deleteMany({ _id: operationId });
    await api.store.operations.insert({
      ...{ _id: operationId, instanceId: record.instanceId, accountId: record.accountId },
      ...{ kind: 'restart', status: 'succeeded', createdAt: new Date() },
      steps: [{ step: 'restart-machines', status: 'succeeded', attempt: 1 }],
    });
    const done = await freehold(['instances', 'restart', record.instanceId]);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toMatch(/kind +restart\nstatus +succeeded\n[\s\S]*restart-machines +succeeded/);
    expect(calls.findLast(({ call }) => call === 'request')?.args[1]).toMatchObject({ kind: 'restart' });
    const help = await freehold(['instances', '--help']);
    expect(help.out).toMatch(/restart <instance> +Restart a server/);
    expect(help.out).not.toContain('provision <instance>');
    await api.store.instances.model.deleteMany({});
  });

  test('compares the systems and shows tickets', async () => {
    const dry = await freehold(['reconcile']);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toMatch(/^KIND +SUBJECT +OF +REPAIR\nhold_left +acme +- +release_hold\n/);
    expect(dry.out).toContain('3 compared, 1 mismatch; nothing was changed (dry run).');
    expect(dry.out).toContain('1 skipped: changed recently, or an operation is running.');
    expect(dry.out).toContain('No response, so mismatches may be missing here: names.');
    expect(calls.findLast(({ call }) => call === 'startReconcile')?.args[1]).toEqual({ repair: false, orphans: false });
    expect(JSON.parse((await freehold(['reconcile', '--repair', '--json'])).out)).toMatchObject({ found: 1 });
    expect(calls.findLast(({ call }) => call === 'startReconcile')?.args[1]).toEqual({ repair: true, orphans: false });
    await freehold(['reconcile', '--orphans']);
    expect(calls.findLast(({ call }) => call === 'startReconcile')?.args[1]).toEqual({ repair: false, orphans: true });

    expect((await freehold(['tickets', 'list'])).out).toBe('No tickets.\n');
    await api.store.tickets.note({ kind: 'host_gone', subject: 'host-1', repair: null }, new Date());
    const list = await freehold(['tickets', 'list', '--state', 'open']);
    const [id = ''] = /tic_\w+/.exec(list.out) ?? [];
    expect(list.out).toMatch(/open +host_gone +host-1 +by an operator/);
    expect((await freehold(['tickets', 'close', id, '--why', 'moved'])).out).toMatch(/state +closed/);
    expect((await freehold(['tickets', 'show', id])).out).toContain('close: moved');
  });

  test('looks at the clouds, and fails where one that is sold is not ready', async () => {
    const checked = await freehold(['clouds', 'check']);
    expect(checked).toMatchObject({ code: 1, err: '' });
    expect(checked.out).toMatch(/cloud +Amazon Web Services \(aws\), not sold here\nstate +something is missing\n/);
    expect(checked.out).toMatch(/permissions +1 of 3 granted\nmissing +ec2:RunInstances\nnot told +1 show only/);
    expect(checked.out).toMatch(/regions +eu-west-1; us-east-1 lacks t3.small; sa-east-1 did not answer/);
    expect(checked.out).not.toContain('t3.small  ');
    expect(checked.out).toMatch(
      /cloud +This machine \(local\), sold here\nstate +unreachable or access refused\nproblem +The cloud/,
    );
    cloudsAre = 'ready';
    const json = await freehold(['clouds', 'check', '--json']);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.out)).toMatchObject([{ cloud: 'aws' }, { cloud: 'local', state: 'ready' }]);
  });

  test('finds the platform of its folder by itself', async () => {
    await mkdir(join(folder, '.freehold', 'keys'), { recursive: true });
    await writeFile(join(folder, '.freehold', 'platform.json'), JSON.stringify({ api: `${api.url}/`, other: 1 }));
    await writeFile(join(folder, '.freehold', 'keys', 'operator-token'), `${operatorToken}\n`);
    expect(await freehold(['orders', 'list'], {})).toMatchObject({ code: 0, err: '' });
    await rm(join(folder, '.freehold'), { recursive: true });
  });

  test('gives up on a frozen API after 5 s', async () => {
    const frozen = createServer().listen(0, '127.0.0.1');
    await once(frozen, 'listening');
    const { port } = frozen.address() as AddressInfo;
    const address = `http://127.0.0.1:${port}`;
    const began = performance.now();
    const outcome = await freehold(['status'], { FREEHOLD_API_URL: address, FREEHOLD_OPERATOR_TOKEN: operatorToken });
    expect(outcome).toEqual({ code: 4, out: '', err: `${address} does not answer (no response in time).\n` });
    expect(performance.now() - began).toBeGreaterThan(4_900);
    frozen.close();
  }, 60_000);

  test('says in one sentence what is wrong, with an exit code of its own', async () => {
    const nobody = await addressOfNobody();
    const api1 = { FREEHOLD_API_URL: nobody, FREEHOLD_OPERATOR_TOKEN: operatorToken };
    expect(await freehold(['orders', 'list'], {})).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^No API address: .*\n$/),
    });
    expect(await freehold(['orders', 'list'], { FREEHOLD_API_URL: api.url })).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^No operator token/),
    });
    expect(await freehold(['orders', 'list'], api1)).toMatchObject({
      code: 4,
      err: `${nobody} does not answer (ECONNREFUSED).\n`,
    });
    expect(
      await freehold(['orders', 'list'], { ...api1, FREEHOLD_API_URL: api.url, FREEHOLD_OPERATOR_TOKEN: 'x' }),
    ).toMatchObject({ code: 5, err: 'The API does not accept this operator token.\n' });
    expect((await freehold(['orders', 'list', '--state', 'odd'])).code).toBe(2);
    expect(await freehold(['orders', 'list'], { ...api1, FREEHOLD_API_URL: 'example.com' })).toMatchObject({ code: 3 });
    expect((await freehold(['orders', 'dance'])).code).toBe(2);
    // A program reads the same from standard output.
    const documents = [
      await freehold(['--json', 'orders', 'list'], api1),
      await freehold(['orders', 'show', 'ord_0000000000000000', '--json']),
      await freehold(['orders', 'dance', '--json']),
    ];
    expect(documents.map(({ code, out, err }) => ({ code, err, error: JSON.parse(out).error }))).toEqual([
      { code: 4, err: '', error: { message: `${nobody} does not answer (ECONNREFUSED).`, exitCode: 4 } },
      {
        code: 5,
        err: '',
        error: { message: 'There is no order ord_0000000000000000.', code: 'not_found', exitCode: 5 },
      },
      { code: 2, err: '', error: { message: expect.stringContaining('dance'), exitCode: 2 } },
    ]);
    expect((await freehold(['operations', 'retry', 'op_0000000000000000'])).code).toBe(2);
    const help = await freehold(['--help']);
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toMatch(/^ {2}4 {2}the API does not answer$/m);
    expect(help.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
