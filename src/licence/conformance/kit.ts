import { performance } from 'node:perf_hooks';
import { Finding, NotPlayed } from './finding.ts';
import { createNodes, type Nodes } from './nodes.ts';
import { createWire, newId, type Target, type Wire, type WireNodeState } from './wire.ts';

/** What a scenario plays with. Every seat it wins is given back when it is over. */
export interface Kit {
  wire: Wire;
  /** A node that won a seat under a name of its own, checked never or more often. */
  node(name?: string): Promise<Awaited<ReturnType<Wire['activate']>>>;
  /** The one node that scenarios share which leave it good; a run wins few seats, because servers limit that. */
  sharedNode(): Promise<WireNodeState>;
  /** A machine that runs the client library. */
  machine: Nodes['machine'];
}

export interface Scenario {
  /** Number in the list of scenarios. */
  id: string;
  /** What must be true, as one sentence. */
  title: string;
  /** Throws a Finding where it is not. */
  play(kit: Kit): Promise<void>;
}

export interface Result {
  id: string;
  title: string;
  outcome: 'ok' | 'failed' | 'not played';
  ms: number;
  /** What was found, or why it was not played. */
  detail?: string;
}

type Seat = Pick<WireNodeState, 'instanceId' | 'secret'>;

/** Seats that a run may hold at once: the shared node, that of a scenario, and its copy. */
export const seatsNeeded = 3;

/** Plays one scenario after the other and gives every seat back. */
export async function playScenarios(
  target: Target,
  scenarios: readonly Scenario[],
  tell: (result: Result) => void = () => {},
): Promise<{ results: Result[]; seatsLeft: number }> {
  const wire = createWire(target);
  const results: Result[] = [];
  let seatsLeft = 0;
  let shared: WireNodeState | null = null;
  let sharedSeat: Seat | null = null;

  async function sharedNode(): Promise<WireNodeState> {
    shared ??= await wire.activate(`conformance-shared-${newId().slice(0, 8)}`, (seat) => {
      sharedSeat = seat;
    });
    return shared;
  }

  async function giveBack(seats: (Seat | null)[]): Promise<void> {
    for (const seat of seats) {
      if (seat === null) continue;
      const { status } = await wire.release(seat);
      // What is gone already (204, 403, 404, 409) holds no seat; whatever else came, a person should look.
      if (![204, 403, 404, 409].includes(status)) seatsLeft += 1;
    }
  }

  for (const { id, title, play } of scenarios) {
    const nodes = await createNodes(target);
    const won: Seat[] = [];
    const node: Kit['node'] = (name = `conformance-${newId().slice(0, 8)}`) =>
      wire.activate(name, (seat) => won.push(seat));
    const started = performance.now();
    const failure = await outcomeOf(() => play({ wire, node, sharedNode, machine: nodes.machine }));
    const result = { id, title, ...failure, ms: Math.round(performance.now() - started) };
    results.push(result);
    tell(result);
    await nodes.stop();
    const cleaned = await outcomeOf(async () => {
      await giveBack([...won, ...(await nodes.held())]);
      // A scenario that failed may have left the shared node with a secret that nobody knows.
      if (result.outcome === 'failed') await giveBack([sharedSeat]);
    });
    if (cleaned.outcome !== 'ok') seatsLeft += 1;
    if (result.outcome === 'failed') shared = sharedSeat = null;
    await nodes.remove();
  }
  const cleaned = await outcomeOf(() => giveBack([sharedSeat]));
  if (cleaned.outcome !== 'ok') seatsLeft += 1;
  return { results, seatsLeft };
}

async function outcomeOf(act: () => Promise<void>): Promise<Pick<Result, 'outcome' | 'detail'>> {
  try {
    await act();
    return { outcome: 'ok' };
  } catch (error) {
    if (error instanceof NotPlayed) return { outcome: 'not played', detail: error.message };
    if (error instanceof Finding) return { outcome: 'failed', detail: error.message };
    return { outcome: 'failed', detail: `It could not be played to its end: ${whatHappened(error)}` };
  }
}

/** Name and code of an error; its text may hold anything. */
function whatHappened(error: unknown): string {
  const { name, code, cause } = error as { name?: string; code?: string; cause?: { code?: string } };
  return [name, code ?? cause?.code].filter((part) => part !== undefined).join(' ');
}
