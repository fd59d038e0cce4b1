import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { type DriftReport, scanDriftScheduleId } from '../../src/contracts/drift.ts';
import { primaryHostname } from '../../src/domain/operations/desired-server.ts';
import { createVisitor } from '../../src/embedded/demo/first-use.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { until } from '../support/until.ts';
import { freehold } from './support/freehold.ts';
import { administrator, buy, type Purchase } from './support/purchase.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

const { reasons: reasonTexts } = textsOf('en');

/** A delivered server whose resources are changed at the cloud's console. */
const shared = shareWorld();

let world: World;
let store: Store;
let connection: Connection;
let purchase: Purchase;

beforeAll(async () => {
  world = shared();
  store = await openStore(world.platform.env.MONGODB_URI!);
  connection = await Connection.connect({ address: world.platform.env.TEMPORAL_ADDRESS! });
  purchase = await buy(world);
  await purchase.pay();
  await purchase.end();
}, timeoutMs);

afterAll(async () => {
  await connection?.close();
  await store?.close();
});

type Kind = 'hosts' | 'volumes';

/** Ids of what the cloud has of the server, as its console shows them. */
async function idsOf(kind: Kind): Promise<string[]> {
  const tag = encodeURIComponent(`freehold:instance=${purchase.order.instanceId}`);
  const answer = await atCloud('GET', `/v1/${kind}?tag=${tag}`);
  return ((await answer.json()) as { id: string }[]).map(({ id }) => id);
}

async function remove(kind: Kind): Promise<void> {
  for (const id of await idsOf(kind)) await (await atCloud('DELETE', `/v1/${kind}/${id}`)).body?.cancel();
}

async function atCloud(method: string, path: string): Promise<Response> {
  const { urls, keys } = world.platform;
  const answer = await fetch(urls.cloud + path, {
    method,
    headers: { authorization: `Bearer ${keys['cloud-token']}` },
  });
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}`);
  return answer;
}

/** Triggers the schedule of the scan and returns its report. */
async function scan(): Promise<DriftReport> {
  const client = new Client({ connection });
  const schedule = client.schedule.getHandle(scanDriftScheduleId);
  const runsBefore = (await schedule.describe()).info.numActionsTaken;
  await schedule.trigger();
  const started = await until(
    async () => {
      const { info } = await schedule.describe();
      return info.numActionsTaken > runsBefore ? info.recentActions.at(-1)?.action : undefined;
    },
    { what: 'the scan begins', limitMs: timeoutMs },
  );
  const { workflowId, firstExecutionRunId } = started.workflow;
  return client.workflow.getHandle(workflowId, firstExecutionRunId).result();
}

const statusOf = async () => (await store.instances.find(purchase.order.instanceId))?.status;
const checks = () => store.operations.model.countDocuments({ kind: 'check-drift' });
const words = () => purchase.events.flatMap((event) => (event.type === 'log' ? [event.text] : []));

describe('a server at whose cloud somebody meddles', () => {
  test(
    'is left in peace while nothing is amiss',
    async () => {
      const known = purchase.events.length;
      expect(await scan()).toEqual({ checked: 1, skipped: 0, drifted: [] });
      expect([await statusOf(), await checks(), purchase.events.length]).toEqual(['ready', 0, known]);
      const { code, out } = await freehold(world, '--json', 'instances', 'check-drift', purchase.order.instanceId);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ kind: 'check-drift', status: 'succeeded' });
    },
    timeoutMs,
  );

  test(
    'loses its host: the customer sees the incident and the repair, and all data is there',
    async () => {
      const visitor = createVisitor(await urlOf(), world.reach);
      expect(await visitor.signUp(administrator, 'a long password of ada')).toEqual({ admitted: true });
      const { id } = await visitor.addDevice('thermometer');
      const volumes = await idsOf('volumes');
      await remove('hosts');
      const report = await scan();
      expect(report).toMatchObject({ checked: 1, drifted: [{ instanceId: purchase.order.instanceId }] });

      await purchase.until('the repair has ended', (event) => {
        return event.type === 'operation' && event.kind === 'check-drift' && event.reason === undefined
          ? event.operationId === report.drifted[0]!.operationId && event.status === 'succeeded'
          : false;
      });
      const story = purchase.events.filter(({ operationId }) => operationId === report.drifted[0]!.operationId);
      expect(story).toContainEqual(expect.objectContaining({ type: 'instance', status: 'drifted' }));
      expect(story).toContainEqual(expect.objectContaining({ type: 'operation', reason: 'server_drifted' }));
      expect(story.filter(({ type }) => type === 'instance').at(-1)).toMatchObject({ status: 'ready' });
      expect(words()).toContain('The machine of node-1-m1 is gone at the cloud.');
      expect(words().some((text) => text.startsWith('The machine of node-1-m1 was created'))).toBe(true);
      expect(await statusOf()).toBe('ready');
      expect(await idsOf('volumes')).toEqual(volumes);
      expect(await idsOf('hosts')).toHaveLength(1);
      expect((await visitor.state()).devices).toMatchObject([{ id }]);
      expect(await scan()).toMatchObject({ checked: 1, drifted: [] });
    },
    timeoutMs,
  );

  test(
    'loses its volume: nothing is made in its place, people are called, and an operator ends the check',
    async () => {
      await remove('hosts');
      await remove('volumes');
      const [drifted] = (await scan()).drifted;
      const step = await purchase.step('report-drift', 'needs_operator');
      expect(step).toMatchObject({ reason: 'volume_gone', operationId: drifted!.operationId });
      const { out } = await freehold(world, '--json', 'operations', 'show', drifted!.operationId);
      const { operation } = JSON.parse(out);
      const { customer, operator } = reasonTexts.volume_gone;
      expect(operation.waiting).toMatchObject({
        reason: 'volume_gone',
        customer,
        operator,
        decisions: ['retry', 'abort'],
      });
      const { workflow } = new Client({ connection });
      expect((await workflow.getHandle(operation.workflowId).describe()).searchAttributes.NeedsAttention).toEqual([
        true,
      ]);

      // Neither the next scan nor an operator's check recreates anything.
      expect(await scan()).toMatchObject({ checked: 1, drifted: [drifted] });
      await freehold(world, 'operations', 'retry', drifted!.operationId, '--why', 'looked again', '--no-follow');
      await purchase.step('report-drift', 'needs_operator', 2);
      expect([await idsOf('hosts'), await idsOf('volumes'), await statusOf()]).toEqual([[], [], 'drifted']);

      const ended = await freehold(
        world,
        'operations',
        'abort',
        drifted!.operationId,
        '--why',
        'restored by hand',
        '--no-follow',
      );
      expect(ended).toMatchObject({ code: 0, complaint: expect.stringContaining('Abort accepted') });
      await purchase.until('the check was ended', (event) => 'reason' in event && event.reason === 'check_ended');
      expect([await idsOf('hosts'), await idsOf('volumes'), await statusOf()]).toEqual([[], [], 'drifted']);
      expect((await world.outside.money(purchase.order.id)).refunded).toBe(0);
    },
    timeoutMs,
  );
});

async function urlOf(): Promise<string> {
  const { desired } = (await store.instances.find(purchase.order.instanceId))!;
  return `https://${primaryHostname(desired)}:${world.platform.env.FREEHOLD_HOST_PORT}`;
}
