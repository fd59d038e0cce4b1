import { copyFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LicenceClient, LicenceSnapshot } from '../../client/types.ts';
import { holds, Skipped } from '../finding.ts';
import type { Kit, Scenario } from '../kit.ts';
import { busySec } from '../nodes.ts';
import { newId } from '../wire.ts';

const minute = 60_000;
const hour = 3_600_000;

/** A machine whose client has checked successfully once. */
async function running({ machine }: Kit) {
  const one = machine(`conformance-${newId().slice(0, 8)}`);
  const client = await one.boot();
  is(await client.check(), 'OK', 'The client activates and checks.');
  return { machine: one, client };
}

/** Fails with the actual state, without any text that might contain more. */
function is({ state, reason }: LicenceSnapshot, expected: LicenceSnapshot['state'], what: string): void {
  holds(state === expected, `${what} It is ${state}${reason === null ? '' : ` (${reason.code})`}, not ${expected}.`);
}

/** Grace of the last verdict, ms. */
function graceOf(client: LicenceClient): number {
  const { verdict } = client.status();
  holds(verdict !== null, 'There is a verdict.');
  const grace = verdict.exp - verdict.iat;
  holds(grace <= verdict.chk.graceSec, 'No verdict is valid for longer than its grace period.');
  return grace * 1000;
}

/** Scenarios of the client library against this server: its network and clocks are controlled, so nothing waits. */
export const clientScenarios: Scenario[] = [
  {
    id: 'L25',
    title: 'client: if an answer is lost before it was stored, the next process repeats the request',
    async run(kit) {
      const { machine, client } = await running(kit);
      const { activationId } = client.status();
      machine.setLink('answers lost');
      is(await client.check(), 'GRACE', 'A lost answer counts as not reached.');
      await client.stop();
      machine.setLink('open');
      const next = await machine.boot();
      is(await next.check(), 'OK', 'The next process continues.');
      holds(next.status().activationId === activationId, 'It is still the same instance.');
    },
  },
  {
    id: 'L31',
    title: 'client: a copied machine becomes a separate node if a seat is free',
    async run(kit) {
      const { machine, client } = await running(kit);
      await client.stop();
      const copy = kit.machine('conformance-copy');
      await mkdir(dirname(copy.stateFile), { recursive: true });
      await copyFile(machine.stateFile, copy.stateFile);
      const original = await machine.boot();
      is(await original.check(), 'OK', 'The original continues.');
      const copied = await copy.boot();
      const snapshot = await copied.check();
      if (snapshot.state === 'LOCKED' && snapshot.reason?.code === 'CLONE_SUSPECTED') {
        throw new Skipped('The copy was refused, and found no free seat.');
      }
      is(snapshot, 'OK', 'The copy activates again.');
      holds(snapshot.activationId !== original.status().activationId, 'The copy has a new instance id.');
      is(await original.check(), 'OK', 'The original is not affected.');
    },
  },
  {
    id: 'L39',
    title:
      'client: without the server it works until the end of the grace period, then locks; one successful check unlocks it',
    async run(kit) {
      const { machine, client } = await running(kit);
      const grace = graceOf(client);
      machine.setLink('cut');
      is(await client.check(), 'GRACE', 'Without the server the grace period runs.');
      // The wall clock stays, so that verdicts signed later are still of this time.
      machine.pass(grace - minute, 0);
      is(client.status(), 'GRACE', 'One minute before the end it works.');
      machine.pass(2 * minute, 0);
      is(client.status(), 'LOCKED', 'One minute after the end it is locked.');
      machine.setLink('open');
      is(await client.check(), 'OK', 'One successful check unlocks.');
    },
  },
  {
    id: 'L40',
    title: 'client: a restart without the server starts from the last verdict',
    async run(kit) {
      const { machine, client } = await running(kit);
      const { limits, revision } = client.status();
      await client.stop();
      machine.setLink('cut');
      const next = await machine.boot();
      is(await next.check(), 'GRACE', 'It starts from its last verdict.');
      holds(JSON.stringify(next.status().limits) === JSON.stringify(limits), 'The limits are those of before.');
      holds(next.status().revision === revision, 'The revision is that of before.');
    },
  },
  {
    id: 'L41',
    title: 'client: restarts do not extend the grace period',
    async run(kit) {
      const { machine, client } = await running(kit);
      const grace = graceOf(client);
      machine.setLink('cut');
      let last = client;
      for (let restart = 0; restart < 3; restart += 1) {
        await last.check();
        await last.stop();
        machine.pass(0.3 * grace);
        last = await machine.boot();
        is(await last.check(), 'GRACE', 'Within the grace period it works.');
      }
      machine.pass(0.15 * grace);
      is(last.status(), 'LOCKED', 'After the whole grace period it is locked.');
    },
  },
  {
    id: 'L42',
    title: 'client: a clock set back locks at once; one successful check unlocks',
    async run(kit) {
      const { machine, client } = await running(kit);
      await client.stop();
      machine.setLink('cut');
      machine.pass(0, -48 * hour);
      const next = await machine.boot();
      const locked = await next.check();
      is(locked, 'LOCKED', 'A clock set back locks.');
      holds(locked.reason?.code === 'CLOCK_ROLLBACK', 'The reason is CLOCK_ROLLBACK.');
      machine.setLink('open');
      is(await next.check(), 'OK', 'One successful check unlocks.');
    },
  },
  {
    id: 'L48',
    title: 'client: the sign-in page of a network counts as not reached',
    async run(kit) {
      const { machine, client } = await running(kit);
      machine.setLink('sign-in page');
      const snapshot = await client.check();
      is(snapshot, 'GRACE', 'A page instead of an answer locks nothing.');
      holds(snapshot.reason?.code === 'CONNECTION_ERROR', 'The reason is CONNECTION_ERROR.');
      machine.setLink('open');
      is(await client.check(), 'OK', 'It continues as soon as the page is gone.');
    },
  },
  {
    id: 'L50',
    title: 'client: 503 with Retry-After is honoured and locks nothing',
    async run(kit) {
      const { machine, client } = await running(kit);
      machine.setLink('busy');
      const snapshot = await client.check();
      is(snapshot, 'GRACE', 'A busy server locks nothing.');
      const wait = (snapshot.nextCheckAt ?? 0) - machine.now();
      holds(wait > busySec * 900, 'The next check is not before Retry-After.');
      machine.setLink('open');
      is(await client.check(), 'OK', 'It continues when the server is ready.');
    },
  },
];
