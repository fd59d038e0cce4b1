import { randomInt, randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { LicenceWorld, ServerProcess } from './licence-server.ts';
import { until } from './node.ts';
import { seatFaults } from './seat-audit.ts';

export interface ContestPlan {
  licences: number;
  /** Of each licence. */
  seats: number;
  /** Nodes competing for a seat of each licence. */
  nodes: number;
  servers: number;
  /** Nodes that ask at the same time. */
  width: number;
  /** A server is killed each time after about this many answers. */
  answersPerKill: number;
}

/**
 * Many more nodes than seats, over several licence servers on one database, while the servers are killed (SIGKILL) one
 * after the other and restarted. A node asks until it is answered, each time any server, always with the same
 * activation id, as the client library does.
 */
export async function contest(world: LicenceWorld, database: Connection, plan: ContestPlan) {
  const licences = await Promise.all(Array.from({ length: plan.licences }, () => world.issue({ seats: plan.seats })));
  const servers: ServerProcess[] = await Promise.all(Array.from({ length: plan.servers }, () => world.startBeside()));
  const winners = new Map(licences.map(({ licenseId }) => [licenseId, new Set<string>()]));
  const unexpected: string[] = [];
  let answered = 0;
  let refused = 0;
  let repeated = 0;
  let kills = 0;

  // Round by round over the licences, so that all nodes of one licence compete for its seats at about the same time.
  const requests = Array.from({ length: plan.nodes * plan.licences }, (_, index) => ({
    licence: licences[index % plan.licences]!,
    same: { activationId: randomUUID(), node: { name: `node-${index}` } },
  }));
  const total = requests.length;

  async function askUntilAnswered({ licence, same }: (typeof requests)[number]): Promise<void> {
    for (;;) {
      const { url } = servers[randomInt(servers.length)]!;
      const reply = await world.activate(licence.licenseKey, same, url).catch((error: unknown) => {
        if ((error as Error).message === 'fetch failed') return null;
        throw error;
      });
      if (reply === null || reply.status === 503) {
        repeated += 1;
        continue;
      }
      answered += 1;
      if (reply.status === 201 || reply.status === 200) winners.get(licence.licenseId)!.add(reply.body.instanceId);
      else if (reply.body.code === 'ACTIVE_INSTANCES_CAPACITY_EXCEEDED') refused += 1;
      else unexpected.push(`${reply.status} ${reply.body.code}: ${reply.body.detail}`);
      return;
    }
  }

  async function askAll(): Promise<void> {
    for (let request = requests.shift(); request !== undefined; request = requests.shift())
      await askUntilAnswered(request);
  }

  async function killAgainAndAgain(): Promise<void> {
    while (answered < total) {
      const next = answered + randomInt(plan.answersPerKill) + plan.answersPerKill / 2;
      await until('the nodes are answered', () => answered >= Math.min(next, total), 120_000);
      if (answered >= total) return;
      const index = randomInt(servers.length);
      await servers[index]!.kill('SIGKILL');
      kills += 1;
      servers[index] = await world.startBeside();
    }
  }

  await Promise.all([...Array.from({ length: plan.width }, askAll), killAgainAndAgain()]);

  const faults = [...unexpected];
  for (const { licenseId } of licences) {
    const { seats, activations } = await world.view(licenseId);
    const holders = activations.filter(({ holdsSeat }) => holdsSeat).map(({ instanceId }) => instanceId);
    const won = winners.get(licenseId)!;
    if (seats.production.used !== plan.seats) faults.push(`${licenseId}: ${seats.production.used} seats are in use`);
    if (won.size !== plan.seats) faults.push(`${licenseId}: ${won.size} nodes were told that they won`);
    if (holders.some((id) => !won.has(id))) faults.push(`${licenseId}: a seat is held by a node that was refused`);
    faults.push(...(await seatFaults(database, licenseId)));
  }
  return { answered, refused, won: answered - refused, repeated, kills, faults };
}
