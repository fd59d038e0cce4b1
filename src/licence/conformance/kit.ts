import { performance } from 'node:perf_hooks';
import { Finding, Skipped } from './finding.ts';
import { createNodes, type Nodes } from './nodes.ts';
import { createWire, newId, type Target, type Wire, type WireNodeState } from './wire.ts';

/** What a scenario works with. Every seat it takes is released when it ends. */
export interface Kit {
  wire: Wire;
  /** A new node that holds a seat under its own name. */
  node(name?: string): Promise<Awaited<ReturnType<Wire['activate']>>>;
  /** A node shared by scenarios that do not damage it; a run takes few seats, because servers limit that. */
  sharedNode(): Promise<WireNodeState>;
  /** A machine that runs the client library. */
  machine: Nodes['machine'];
}

export interface Scenario {
  /** Number in the list of scenarios. */
  id: string;
  /** What must be true, as one sentence. */
  title: string;
  /** Throws a Finding if it is not. */
  run(kit: Kit): Promise<void>;
}

export interface Result {
  id: string;
  title: string;
  outcome: 'ok' | 'failed' | 'skipped';
  ms: number;
  /** What was found, or why it was skipped. */
  detail?: string;
}

type Seat = Pick<WireNodeState, 'instanceId' | 'secret'>;

/** Seats that a run may hold at once: the shared node, a scenario's node, and its copy. */
export const seatsNeeded = 3;

/** Runs the scenarios one after the other and releases every seat. */
export async function runScenarios(
  target: Target,
  scenarios: readonly Scenario[],
  onResult: (result: Result) => void = () => {},
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

  async function releaseSeats(seats: (Seat | null)[]): Promise<void> {
    for (const seat of seats) {
      if (seat === null) continue;
      const { status } = await wire.release(seat);
      // After 204, 403, 404 and 409 the node holds no seat; anything else is reported.
      if (![204, 403, 404, 409].includes(status)) seatsLeft += 1;
    }
  }

  for (const { id, title, run: play } of scenarios) {
    const nodes = await createNodes(target);
    const won: Seat[] = [];
    const node: Kit['node'] = (name = `conformance-${newId().slice(0, 8)}`) =>
      wire.activate(name, (seat) => won.push(seat));
    const started = performance.now();
    const failure = await outcomeOf(() => play({ wire, node, sharedNode, machine: nodes.machine }));
    const result = { id, title, ...failure, ms: Math.round(performance.now() - started) };
    results.push(result);
    onResult(result);
    await nodes.stop();
    const cleaned = await outcomeOf(async () => {
      await releaseSeats([...won, ...(await nodes.held())]);
      // A failed scenario may have left the shared node with an unknown secret.
      if (result.outcome === 'failed') await releaseSeats([sharedSeat]);
    });
    if (cleaned.outcome !== 'ok') seatsLeft += 1;
    if (result.outcome === 'failed') shared = sharedSeat = null;
    await nodes.remove();
  }
  const cleaned = await outcomeOf(() => releaseSeats([sharedSeat]));
  if (cleaned.outcome !== 'ok') seatsLeft += 1;
  return { results, seatsLeft };
}

async function outcomeOf(act: () => Promise<void>): Promise<Pick<Result, 'outcome' | 'detail'>> {
  try {
    await act();
    return { outcome: 'ok' };
  } catch (error) {
    if (error instanceof Skipped) return { outcome: 'skipped', detail: error.message };
    if (error instanceof Finding) return { outcome: 'failed', detail: error.message };
    return { outcome: 'failed', detail: `It failed before its end: ${nameAndCode(error)}` };
  }
}

/** Name and code of an error; its message may contain anything. */
function nameAndCode(error: unknown): string {
  const { name, code, cause } = error as { name?: string; code?: string; cause?: { code?: string } };
  return [name, code ?? cause?.code].filter((part) => part !== undefined).join(' ');
}
