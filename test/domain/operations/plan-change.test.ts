import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DesiredServer, ServerName } from '../../../src/contracts/desired-server.ts';
import type { Machine, PrivateServerSpec, ServerNode } from '../../../src/contracts/stack.ts';
import { PrivateServerSpec as SpecSchema } from '../../../src/contracts/stack.ts';
import { hostnamesOf } from '../../../src/domain/operations/desired-server.ts';
import { expectedDowntime } from '../../../src/domain/operations/expected-downtime.ts';
import { type ChangeStrategy, downtimeClass, planChange } from '../../../src/domain/operations/plan-change.ts';

const machine = (name: string, change: Partial<Machine> = {}): Machine => ({
  ...{ name, size: 'small', image: '1.0.0', osImage: 'ami-1' },
  ...change,
});
const node = (index: number, machines: Machine[], serving: string | null = machines[0]?.name ?? null): ServerNode => ({
  ...{ name: `node-${index}`, zone: `z${index}`, machines, serving },
});
const spec = (nodes: ServerNode[], change: Partial<PrivateServerSpec> = {}): PrivateServerSpec => ({
  ...{ instanceId: 'i0123456789abcdef', cloud: 'aws', region: 'eu-west-1', diskGib: 25 },
  ...{ hostnames: ['a.example'], nodes, tags: { 'freehold:plan': 'MAKER' } },
  ...change,
});
const one = spec([node(1, [machine('m1')])]);
const three = spec([1, 2, 3].map((index) => node(index, [machine('m1')])));
const namesOf = ([primary, ...others]: readonly string[]): ServerName[] => [
  { hostname: primary!, purpose: 'primary' },
  ...others.map((hostname): ServerName => ({ hostname, purpose: 'domain' })),
];
const placesOf = ({ nodes: list }: PrivateServerSpec) => list.map(({ name, zone }) => ({ name, zone }));
/** The desired state that equals a server on its first machine, except for the change. */
const desiredFor = (from: PrivateServerSpec, change: Partial<DesiredServer> = {}): DesiredServer => {
  const { size, image } = from.nodes[0]!.machines[0]!;
  const { diskGib, hostnames, tags } = from;
  const names = namesOf(hostnames);
  return { nodes: placesOf(from), size, image, diskGib, names, tags, running: true, enrolmentGeneration: 0, ...change };
};
const kindsOf = (plan: { steps: { kind: string }[] }) => plan.steps.map(({ kind }) => kind);

describe('the plan of a change', () => {
  test('nothing to change, nothing to do', () => {
    expect(planChange(one, desiredFor(one))).toEqual({ steps: [], downtimeMs: 0, downtime: 'none' });
  });

  test('another plan with the same machine only changes labels: limits come with the licence', () => {
    const plan = planChange(one, desiredFor(one, { tags: { 'freehold:plan': 'GROW' } }));
    expect(kindsOf(plan)).toEqual(['update-tags']);
    expect(plan.downtime).toBe('none');
  });

  test('another size: a machine beside the old one, then volume and address move, then the old one goes', () => {
    const plan = planChange(one, desiredFor(one, { size: 'large', diskGib: 60 }));
    expect(kindsOf(plan)).toEqual(['create-machine', 'move-to-machine', 'remove-machine', 'grow-volume']);
    const nodes = plan.steps.map((step) => step.spec.nodes[0]!);
    expect(nodes.map(({ machines, serving }) => [machines.map(({ name }) => name).join('+'), serving])).toEqual([
      ['m1+m2', 'm1'],
      ['m1+m2', 'm2'],
      ['m2', 'm2'],
      ['m2', 'm2'],
    ]);
    expect(plan.steps[1]).toMatchObject({ waitFor: 'healthy', downtimeMs: expectedDowntime.aws.move.ms });
    expect(plan).toMatchObject({ downtimeMs: expectedDowntime.aws.move.ms, downtime: 'minutes' });
  });

  test('in place only where it is picked, and never for another image', () => {
    const bigger = desiredFor(one, { size: 'large' });
    expect(kindsOf(planChange(one, bigger, { strategy: 'resize' }))).toEqual(['resize-machine']);
    const newer = desiredFor(one, { image: '1.1.0' });
    expect(kindsOf(planChange(one, newer, { strategy: 'resize' }))).toContain('move-to-machine');
  });

  test('names are added before anything, and dropped after everything', () => {
    const plan = planChange(one, desiredFor(one, { names: namesOf(['b.example']), size: 'large' }));
    expect(kindsOf(plan)).toEqual(['add-names', 'create-machine', 'move-to-machine', 'remove-machine', 'remove-names']);
    expect(plan.steps[0]).toMatchObject({ waitFor: 'resolved', spec: { hostnames: ['b.example', 'a.example'] } });
    expect(plan.steps.at(-1)!.spec.hostnames).toEqual(['b.example']);
  });

  test('suspended, a server has no machine and everything else; resumed, it gets a new one', () => {
    const desired = desiredFor(one, { running: false });
    const down = planChange(one, desired);
    expect(kindsOf(down)).toEqual(['deallocate-node']);
    const parked = down.steps[0]!.spec;
    expect(parked).toEqual({ ...one, nodes: [{ ...one.nodes[0]!, machines: [], serving: null }] });
    const up = planChange(parked, { ...desired, running: true });
    expect(kindsOf(up)).toEqual(['create-machine', 'move-to-machine']);
    expect([down.downtime, up.downtime]).toEqual(['none', 'none']);
  });

  test('a volume never shrinks', () => {
    expect(planChange(one, desiredFor(one, { diskGib: 10 })).steps).toEqual([]);
  });

  test('a machine that was raised before is used, one that nobody wishes any more goes', () => {
    const half = spec([node(1, [machine('m1'), machine('m2', { size: 'large' })], 'm1')]);
    expect(kindsOf(planChange(half, desiredFor(one, { size: 'large' })))).toEqual([
      'move-to-machine',
      'remove-machine',
    ]);
    expect(kindsOf(planChange(half, desiredFor(one)))).toEqual(['remove-machine']);
  });

  test.each([
    [0, 'none'],
    [1, 'seconds'],
    [60_000, 'seconds'],
    [60_001, 'minutes'],
  ] as const)('a gap of %i ms is %s', (ms, expected) => {
    expect(downtimeClass(ms)).toBe(expected);
  });
});

/** Any state in which a change can be interrupted, and any desired state. */
const sizes = fc.constantFrom('small', 'large', 'huge');
const images = fc.constantFrom('1.0.0', '1.1.0');
const machines = fc
  .array(fc.record({ size: sizes, image: images }), { maxLength: 3 })
  .map((list) => list.map((each, index) => machine(`m${index + 1}`, each)));
const anyNode = (index: number) =>
  machines.chain((list) =>
    fc
      .constantFrom(null, ...list.map(({ name }) => name))
      .map((serving): ServerNode => ({ name: `node-${index}`, zone: `z${index}`, machines: list, serving })),
  );
const hostnames = fc.uniqueArray(fc.constantFrom('a.example', 'b.example', 'c.example'), { minLength: 1 });
const tags = fc.dictionary(fc.constantFrom('plan', 'order'), fc.constantFrom('x', 'y'));
const disks = fc.integer({ min: 1, max: 500 });
const nodes = fc.oneof(fc.tuple(anyNode(1)), fc.tuple(anyNode(1), anyNode(2), anyNode(3)));
const anySpec = fc
  .record({ nodes, hostnames, tags, diskGib: disks })
  .map(({ nodes: list, ...rest }) => spec([...list], rest));
/** Any desired state with the same nodes. */
const anyChange: fc.Arbitrary<Omit<DesiredServer, 'nodes'>> = fc.record({
  ...{ size: sizes, image: images, diskGib: disks, names: hostnames.map(namesOf), tags, running: fc.boolean() },
  enrolmentGeneration: fc.nat(3),
});
const wishFor = (from: PrivateServerSpec, change: Omit<DesiredServer, 'nodes'>): DesiredServer => ({
  ...change,
  nodes: placesOf(from),
});
const ways = fc.constantFrom<ChangeStrategy>('replace', 'resize');

/** A spec without the names of its machines. */
function shape({ nodes: list, diskGib, hostnames: names, tags: labels }: PrivateServerSpec) {
  const nodesOf = list.map(({ name, zone, machines: all, serving }) => ({
    ...{ name, zone, machines: all.map(({ size, image }) => `${size} ${image}`), serves: serving !== null },
  }));
  return { nodes: nodesOf, diskGib, hostnames: [...names].sort(), tags: labels };
}

function desiredShape(from: PrivateServerSpec, desired: DesiredServer) {
  const nodesOf = from.nodes.map(({ name, zone }) => ({
    ...{ name, zone, machines: desired.running ? [`${desired.size} ${desired.image}`] : [], serves: desired.running },
  }));
  const diskGib = Math.max(from.diskGib, desired.diskGib);
  return { nodes: nodesOf, diskGib, hostnames: hostnamesOf(desired).sort(), tags: desired.tags };
}

/** Every single thing that differs between two specs. */
function differences(before: PrivateServerSpec, after: PrivateServerSpec): string[] {
  const found: string[] = [];
  for (const [index, old] of before.nodes.entries()) {
    const now = after.nodes[index]!;
    const parked = now.machines.length === 0 && old.machines.length > 0;
    if (parked) {
      found.push(`parked ${old.name}`);
      continue;
    }
    const names = (list: Machine[]) => list.map(({ name }) => name);
    found.push(
      ...names(now.machines)
        .filter((name) => !names(old.machines).includes(name))
        .map((n) => `new ${n}`),
    );
    found.push(
      ...names(old.machines)
        .filter((name) => !names(now.machines).includes(name))
        .map((n) => `gone ${n}`),
    );
    for (const each of old.machines) {
      const same = now.machines.find(({ name }) => name === each.name);
      if (same && JSON.stringify(same) !== JSON.stringify(each)) found.push(`changed ${each.name}`);
    }
    if (old.serving !== now.serving) found.push(`serving ${now.serving}`);
  }
  const added = after.hostnames.filter((name) => !before.hostnames.includes(name));
  const dropped = before.hostnames.filter((name) => !after.hostnames.includes(name));
  if (added.length > 0) found.push('names added');
  if (dropped.length > 0) found.push('names dropped');
  if (before.diskGib !== after.diskGib) found.push('disk');
  if (JSON.stringify(sorted(before.tags)) !== JSON.stringify(sorted(after.tags))) found.push('tags');
  return found;
}
const sorted = (bag: Record<string, string>) => Object.entries(bag).sort();

/** Nodes that serve before, during and after a step. */
function undisturbed(before: PrivateServerSpec, after: PrivateServerSpec): number {
  return before.nodes.filter((old, index) => {
    const now = after.nodes[index]!;
    const serving = (each: ServerNode) => JSON.stringify(each.machines.find(({ name }) => name === each.serving));
    return old.serving !== null && serving(old) === serving(now);
  }).length;
}

describe('every plan', () => {
  test('ends in what is wished, one thing at a time, through specs that are allowed', () => {
    fc.assert(
      fc.property(anySpec, anyChange, ways, (from, change, way) => {
        const desired = wishFor(from, change);
        const { steps } = planChange(from, desired, { strategy: way });
        let before = from;
        for (const step of steps) {
          expect(differences(before, step.spec)).toHaveLength(1);
          // No machine is removed unless its node has another one that answers.
          expect(step.needs === 'healthy').toBe(step.kind === 'remove-machine');
          SpecSchema.parse(step.spec);
          before = step.spec;
        }
        expect(shape(before)).toEqual(desiredShape(from, desired));
        expect(planChange(before, desired, { strategy: way }).steps).toEqual([]);
      }),
    );
  });

  test('never shrinks a volume, never moves a node to another zone, never renames it', () => {
    fc.assert(
      fc.property(anySpec, anyChange, ways, (from, change, way) => {
        const desired = wishFor(from, change);
        for (const { spec: after } of planChange(from, desired, { strategy: way }).steps) {
          expect(after.diskGib).toBeGreaterThanOrEqual(from.diskGib);
          expect(after.nodes.map(({ name, zone }) => [name, zone])).toEqual(
            from.nodes.map(({ name, zone }) => [name, zone]),
          );
        }
      }),
    );
  });

  test('on three nodes always leaves two that serve, and is no downtime', () => {
    fc.assert(
      fc.property(anyChange, ways, (change, way) => {
        const plan = planChange(three, { ...wishFor(three, change), running: true }, { strategy: way });
        let before = three;
        for (const step of plan.steps) {
          const serving = undisturbed(before, step.spec);
          expect(serving).toBeGreaterThanOrEqual(2);
          // The next node follows when this one answers again.
          if (serving < 3) expect(step.waitFor).toBe('healthy');
          before = step.spec;
        }
        expect(plan).toMatchObject({ downtimeMs: 0, downtime: 'none' });
      }),
    );
  });

  test('can be taken back from every step of it', () => {
    fc.assert(
      fc.property(fc.constantFrom(one, three), anyChange, ways, ways, (from, change, way, back) => {
        const desired = wishFor(from, change);
        for (const step of planChange(from, desired, { strategy: way }).steps) {
          const { steps } = planChange(step.spec, desiredFor(from), { strategy: back });
          const { diskGib, ...rest } = shape(steps.at(-1)?.spec ?? step.spec);
          const { diskGib: diskBefore, ...wished } = shape(from);
          expect(rest).toEqual(wished);
          // A grown volume is not shrunk.
          expect(diskGib).toBeGreaterThanOrEqual(diskBefore);
        }
      }),
    );
  });

  test('is gone on with from wherever it was cut off', () => {
    fc.assert(
      fc.property(anySpec, anyChange, ways, (from, change, way) => {
        const desired = wishFor(from, change);
        const { steps } = planChange(from, desired, { strategy: way });
        for (const [index, step] of steps.entries()) {
          expect(planChange(step.spec, desired, { strategy: way }).steps).toEqual(steps.slice(index + 1));
        }
      }),
    );
  });

  test('goes back to the old machine, which is still there, with one move until the old one goes', () => {
    const { steps } = planChange(one, desiredFor(one, { size: 'large' }));
    const back = planChange(steps[1]!.spec, desiredFor(one));
    expect(kindsOf(back)).toEqual(['move-to-machine', 'remove-machine']);
    expect(back.steps.at(-1)!.spec).toEqual(one);
  });
});
