import type { DesiredServer } from '../../contracts/desired-server.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Machine, PrivateServerSpec, ServerNode } from '../../contracts/stack.ts';
import { hostnamesOf } from './desired-server.ts';
import { type ExpectedDowntime, expectedDowntime } from './expected-downtime.ts';

/**
 * How a server gets from what is applied to what is desired: a sequence of specs for `up`, each of which changes one thing,
 * with what to wait for after each.
 *
 * The plan follows from these two alone. A plan that was cut off is continued by planning again from what is applied by
 * then, and rolled back by planning to what was desired before. The old machine stays until the new one serves, so going
 * back before that is one move and loses no data.
 *
 * Limits and features are no part of it: they are in the licence, and arrive with its next check, without a machine.
 */

/**
 * How another machine size comes about: by a new machine beside the old one, which can go back, or in the machine itself,
 * which is down meanwhile and is only done when the customer picks it. Another image is always another machine.
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
 * `healthy`: the server answers under its names again; `resolved`: its new names lead to it. A machine that does not serve
 * yet has neither volume nor address, so nothing more than its start at the cloud can be waited for, which `up` does.
 */
export type ChangeWait = 'healthy' | 'resolved' | 'nothing';

export interface ChangeStep {
  kind: ChangeStepKind;
  /** The one node that it touches, where it is one. */
  node?: string;
  /** What the stack is after it. */
  spec: PrivateServerSpec;
  /** What must be true before it: a machine goes only while another one answers for its node. */
  needs: 'healthy' | 'nothing';
  waitFor: ChangeWait;
  /** For how long the server is expected not to answer, ms; 0 while other nodes of it serve. */
  downtimeMs: number;
}

/** What customers are told before they buy a change. */
export type DowntimeClass = 'none' | 'seconds' | 'minutes';

export interface ChangePlan {
  steps: ChangeStep[];
  /** Sum over the steps, ms. A server that is to be down before or after has no gap to count. */
  downtimeMs: number;
  downtime: DowntimeClass;
}

const longestSecondsMs = 60_000;

/** The class of a gap in ms, expected or measured. */
export function downtimeClass(downtimeMs: number): DowntimeClass {
  if (downtimeMs <= 0) return 'none';
  return downtimeMs <= longestSecondsMs ? 'seconds' : 'minutes';
}

/**
 * The plan from what is applied to what is desired; no steps where nothing differs. Nodes stay the same ones: a server that
 * is to have others fails with `topology_not_enabled`.
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
  // The order of names is read by a machine that boots and by nothing else, so another order alone is no step.
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

  // Growing cannot be taken back, so it comes when everything that can go wrong has gone well.
  if (desired.diskGib > spec.diskGib) step('grow-volume', { diskGib: desired.diskGib });
  if (spec.hostnames.length > hostnames.length) step('remove-names', { hostnames });
  if (!sameTags(spec.tags, desired.tags)) step('update-tags', { tags: { ...desired.tags } });

  const downtimeMs = steps.reduce((sum, each) => sum + each.downtimeMs, 0);
  return { steps, downtimeMs, downtime: downtimeClass(downtimeMs) };

  /** Makes the desired machine serve a node, and removes every other one. */
  function bringNode(before: ServerNode): void {
    let node = before;
    const fits = ({ size, image }: Machine) => size === desired.size && image === desired.image;
    const serving = node.machines.find(({ name }) => name === node.serving);
    // A node that serves not, or beside others that do, interrupts nobody.
    const gap = (ms: number) => (serving && spec.nodes.length === 1 ? ms : 0);

    if (!serving || !fits(serving)) {
      const standing = node.machines.find((machine) => machine !== serving && fits(machine));
      if (!standing && serving && strategy === 'resize' && serving.image === desired.image) {
        const resize = (machine: Machine) => (machine === serving ? { ...machine, size: desired.size } : machine);
        const resized = { ...node, machines: node.machines.map(resize) };
        node = nodeStep('resize-machine', resized, { waitFor: 'healthy', downtimeMs: gap(expected.inPlace.ms) });
      } else {
        const next = standing ?? newMachine(node, desired);
        if (!standing) node = nodeStep('create-machine', { ...node, machines: [...node.machines, next] });
        const moved = { ...node, serving: next.name };
        node = nodeStep('move-to-machine', moved, { waitFor: 'healthy', downtimeMs: gap(expected.move.ms) });
      }
    }
    for (const machine of node.machines) {
      if (machine.name === node.serving) continue;
      const rest = { ...node, machines: node.machines.filter((each) => each !== machine) };
      node = nodeStep('remove-machine', rest, { needs: 'healthy' });
    }
  }
}

/** Throws `topology_not_enabled` unless a server is to have exactly the nodes that it has, each where it is. */
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

/** Machines of a node count up, so that a new one never meets what its predecessor left behind under the same name. */
function newMachine(node: ServerNode, { size, image }: DesiredServer): Machine {
  const numbers = node.machines.map(({ name }) => Number(/^m(\d+)$/.exec(name)?.[1] ?? 0));
  return { name: `m${Math.max(0, ...numbers) + 1}`, size, image, osImage: null };
}

function sameTags(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}
