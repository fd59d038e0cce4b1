import type { DesiredServer } from '../../contracts/desired-server.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Machine, PrivateServerSpec, ServerNode } from '../../contracts/stack.ts';
import { hostnamesOf } from './desired-server.ts';
import { type ExpectedDowntime, expectedDowntime } from './expected-downtime.ts';

/**
 * How a server gets from `applied` to `desired`: a sequence of specs for `up`, each changing one thing, with what to
 * wait for after each.
 *
 * The plan is a function of these two alone. An interrupted plan is continued by planning again from what is applied
 * then, and rolled back by planning towards the previous `desired`. The old machine stays until the new one serves, so
 * a rollback before that is one move and loses no data.
 *
 * Limits and features are not part of it: they are in the licence and take effect at its next check, without a new
 * machine.
 */

/**
 * How the machine size is changed: `replace` creates a new machine next to the old one and can be rolled back; `resize`
 * changes the machine itself, which is down meanwhile, and is used only when the customer chooses it. A new image
 * always means a new machine.
 */
export type ChangeStrategy = 'replace' | 'resize';

export type ChangeStepKind =
  | 'add-names'
  | 'create-machine'
  | 'move-to-machine'
  | 'remove-machine'
  | 'resize-machine'
  | 'deallocate-node'
  | 'grow-volume'
  | 'remove-names'
  | 'update-tags';

/**
 * `healthy`: the server answers under its hostnames again; `resolved`: its new hostnames resolve to it. A machine that
 * does not serve yet has neither volume nor address, so there is nothing to wait for beyond its start at the cloud,
 * which `up` awaits.
 */
export type ChangeWait = 'healthy' | 'resolved' | 'nothing';

export interface ChangeStep {
  kind: ChangeStepKind;
  /** The node that it touches, if it is only one. */
  node?: string;
  /** The spec of the stack after this step. */
  spec: PrivateServerSpec;
  /** Precondition: a machine is removed only while another one answers for its node. */
  needs: 'healthy' | 'nothing';
  waitFor: ChangeWait;
  /** Expected downtime, ms; 0 while other nodes serve. */
  downtimeMs: number;
}

/** The downtime that a customer sees before buying a change. */
export type DowntimeClass = 'none' | 'seconds' | 'minutes';

export interface ChangePlan {
  steps: ChangeStep[];
  /** Sum over the steps, ms; 0 for a server that is stopped before or after the change. */
  downtimeMs: number;
  downtime: DowntimeClass;
}

const longestSecondsMs = 60_000;

/** The class of a downtime in ms, expected or measured. */
export function downtimeClass(downtimeMs: number): DowntimeClass {
  if (downtimeMs <= 0) return 'none';
  return downtimeMs <= longestSecondsMs ? 'seconds' : 'minutes';
}

/**
 * The plan from `applied` to `desired`; no steps where nothing differs. The set of nodes cannot change: throws
 * `topology_not_enabled`.
 */
export function planChange(
  from: PrivateServerSpec,
  desired: DesiredServer,
  {
    strategy = 'replace',
    expected = expectedDowntime[from.cloud],
  }: { strategy?: ChangeStrategy; expected?: ExpectedDowntime } = {},
): ChangePlan {
  requireSameNodes(from, desired);
  const steps: ChangeStep[] = [];
  const hostnames = hostnamesOf(desired);
  // Only a booting machine reads the order of the names, so a different order alone needs no step.
  let spec = { ...from, hostnames: inOrder(from.hostnames, hostnames) };

  function step(kind: ChangeStepKind, change: Partial<PrivateServerSpec>, more: Partial<ChangeStep> = {}): void {
    spec = { ...spec, ...change };
    steps.push({ kind, needs: 'nothing', waitFor: 'nothing', downtimeMs: 0, ...more, spec });
  }
  function nodeStep(kind: ChangeStepKind, node: ServerNode, more: Partial<ChangeStep> = {}): ServerNode {
    const nodes = spec.nodes.map((each) => (each.name === node.name ? node : each));
    step(kind, { nodes }, { node: node.name, ...more });
    return node;
  }

  const added = hostnames.filter((name) => !from.hostnames.includes(name));
  if (added.length > 0) {
    step('add-names', { hostnames: inOrder([...from.hostnames, ...added], hostnames) }, { waitFor: 'resolved' });
  }

  // One node after the other, so that the others serve.
  for (const node of from.nodes) {
    if (desired.running) bringNode(node);
    else if (node.machines.length > 0) nodeStep('deallocate-node', { ...node, machines: [], serving: null });
  }

  // Growing a volume cannot be undone, so it comes last.
  if (desired.diskGib > spec.diskGib) step('grow-volume', { diskGib: desired.diskGib });
  if (spec.hostnames.length > hostnames.length) step('remove-names', { hostnames });
  if (!sameTags(spec.tags, desired.tags)) step('update-tags', { tags: { ...desired.tags } });

  const downtimeMs = steps.reduce((sum, each) => sum + each.downtimeMs, 0);
  return { steps, downtimeMs, downtime: downtimeClass(downtimeMs) };

  /** Makes the desired machine serve the node and removes all others. */
  function bringNode(before: ServerNode): void {
    let node = before;
    const fits = ({ size, image }: Machine) => size === desired.size && image === desired.image;
    const serving = node.machines.find(({ name }) => name === node.serving);
    // No downtime when the node does not serve, or others serve meanwhile.
    const downtimeOf = (ms: number) => (serving && spec.nodes.length === 1 ? ms : 0);

    if (!serving || !fits(serving)) {
      const standing = node.machines.find((machine) => machine !== serving && fits(machine));
      if (!standing && serving && strategy === 'resize' && serving.image === desired.image) {
        const resize = (machine: Machine) => (machine === serving ? { ...machine, size: desired.size } : machine);
        const resized = { ...node, machines: node.machines.map(resize) };
        node = nodeStep('resize-machine', resized, { waitFor: 'healthy', downtimeMs: downtimeOf(expected.inPlace.ms) });
      } else {
        const next = standing ?? newMachine(node, desired);
        if (!standing) node = nodeStep('create-machine', { ...node, machines: [...node.machines, next] });
        const moved = { ...node, serving: next.name };
        node = nodeStep('move-to-machine', moved, { waitFor: 'healthy', downtimeMs: downtimeOf(expected.move.ms) });
      }
    }
    for (const machine of node.machines) {
      if (machine.name === node.serving) continue;
      const rest = { ...node, machines: node.machines.filter((each) => each !== machine) };
      node = nodeStep('remove-machine', rest, { needs: 'healthy' });
    }
  }
}

/** Throws `topology_not_enabled` unless the desired nodes and their zones are those of the server. */
function requireSameNodes({ nodes: applied }: PrivateServerSpec, { nodes: desired }: DesiredServer): void {
  const placesOf = (nodes: readonly Pick<ServerNode, 'name' | 'zone'>[]) =>
    nodes.map(({ name, zone }) => `${name} in ${zone}`).join(', ');
  const [has, wants] = [placesOf(applied), placesOf(desired)];
  if (has !== wants) throw new ReasonError('topology_not_enabled', `the server has ${has}, and is to have ${wants}`);
}

/** Those of `wanted` first and in its order, then the others. */
function inOrder(names: readonly string[], wanted: readonly string[]): string[] {
  return [...wanted.filter((name) => names.includes(name)), ...names.filter((name) => !wanted.includes(name))];
}

/**
 * Machine numbers of a node only increase, so that a new machine never shares a name with leftovers of an earlier one.
 */
function newMachine(node: ServerNode, { size, image }: DesiredServer): Machine {
  const numbers = node.machines.map(({ name }) => Number(/^m(\d+)$/.exec(name)?.[1] ?? 0));
  return { name: `m${Math.max(0, ...numbers) + 1}`, size, image, osImage: null };
}

function sameTags(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}
