import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { PrivateServerSpec, StackOutputs } from '../src/contracts/stack.ts';
import { monotonic } from '../src/runtime/clock.ts';
import { cloudSecrets } from '../src/stacks/cloud-secrets.ts';
import { cloudStacks } from '../src/stacks/clouds.ts';
import { concealed, type DeclaredResource } from '../src/stacks/policy/declared.ts';
import { violationsOf } from '../src/stacks/policy/rules.ts';
import type { Inventory, TaggedObject } from '../src/stacks/private-server.ts';
import { isSecret } from '../src/stacks/provider/properties.ts';
import { stackProject } from '../src/stacks/stack-states.ts';
import type { Check } from './report.ts';
import type { Testbed } from './testbed.ts';

/** Checks of a server through the cloud's own lists and the engine's state. */

const pollIntervalMs = 1_000;
/** How much longer than its own lag a cloud's list may take, ms. */
const timeoutMs = 120_000;

/** Opens the inventory of a server's cloud, which lists objects independent of any state. */
async function withInventory<T>(
  { spec, testbed }: { spec: PrivateServerSpec; testbed: Pick<Testbed, 'env'> },
  work: (inventory: Inventory) => Promise<T>,
): Promise<T> {
  const inventory = (await cloudStacks(spec.cloud)).inventory(testbed.env);
  try {
    return await work(inventory);
  } finally {
    inventory.close();
  }
}

/** Checks that every object of the server is found by its tag and carries its logical name. */
export function checkTags(view: {
  spec: PrivateServerSpec;
  outputs: StackOutputs;
  testbed: Pick<Testbed, 'env'>;
  signal: AbortSignal;
}): Promise<Check> {
  const { spec, outputs, signal } = view;
  return withInventory(view, async (inventory) => {
    const end = monotonic() + inventory.listingLagMs + timeoutMs;
    for (;;) {
      const listed = await inventory.list(spec);
      const faults = tagFaults(listed, { spec, outputs });
      const what = 'every object is found by its tag';
      if (faults.length === 0) return { what, result: 'passed', detail: `${listed.length} objects` };
      if (monotonic() > end) return { what, result: 'failed', detail: faults.join('; ') };
      await delay(pollIntervalMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  });
}

/** Faults of a list by tag. */
export function tagFaults(
  listed: readonly TaggedObject[],
  { spec, outputs }: { spec: PrivateServerSpec; outputs: Pick<StackOutputs, 'serverIds' | 'volumeIds'> },
): string[] {
  // Azure spells its ids inconsistently.
  const ids = new Set(listed.map(({ id }) => id.toLowerCase()));
  const names = new Set(listed.filter(({ role }) => role === 'record').map(({ resource }) => resource));
  return [
    ...[...outputs.serverIds, ...outputs.volumeIds]
      .filter((id) => !ids.has(id.toLowerCase()))
      .map((id) => `${id} is not listed`),
    ...spec.hostnames
      .filter((name) => ![...names].some((each) => each.includes(name)))
      .map((name) => `the record of ${name} is not listed`),
    ...listed.filter(({ resource }) => resource === '').map(({ kind, id }) => `${kind} ${id} lacks its logical name`),
  ];
}

const Exported = z.object({
  deployment: z.object({
    resources: z.array(
      z.object({
        type: z.string(),
        urn: z.string(),
        custom: z.boolean().default(false),
        protect: z.boolean().default(false),
        inputs: z.record(z.string(), z.unknown()).default({}),
      }),
    ),
  }),
});

/** Checks that the engine's state of the server violates no policy, as its inputs did not. */
export async function checkPolicy({
  spec,
  testbed,
}: {
  spec: PrivateServerSpec;
  testbed: Pick<Testbed, 'env'>;
}): Promise<Check> {
  const what = 'no built resource violates a policy';
  const resources = await readResources(`inst-${spec.instanceId}`, testbed.env);
  const violations = violationsOf(resources, { spec, secrets: cloudSecrets(testbed.env) });
  const { typePrefix } = await cloudStacks(spec.cloud);
  const own = resources.filter(({ type }) => type.startsWith(typePrefix));
  if (own.length === 0) return { what, result: 'failed', detail: 'the state has no resource of the cloud' };
  if (violations.length === 0) return { what, result: 'passed', detail: `${own.length} resources` };
  const lines = violations.map(({ rule, resource, detail }) => `${rule}: ${resource}: ${detail}`);
  return { what, result: 'failed', detail: lines.join('; ') };
}

async function readResources(stack: string, env: NodeJS.ProcessEnv): Promise<DeclaredResource[]> {
  const args = ['stack', 'export', '--stack', stack, '--non-interactive'];
  const { stdout } = await promisify(execFile)(join(env.PULUMI_ROOT!, 'bin', 'pulumi'), args, {
    cwd: stackProject,
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
    maxBuffer: 256 * 1024 * 1024,
  });
  const { resources } = Exported.parse(JSON.parse(stdout)).deployment;
  return resources
    .filter(({ custom }) => custom)
    .map(({ type, urn, protect, inputs }) => ({
      ...{ type, protect, name: urn.split('::').at(-1) ?? urn },
      props: reveal(inputs) as Record<string, unknown>,
    }));
}

/** Inputs as the policies need them: values that the state keeps encrypted are concealed. */
function reveal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reveal);
  if (isSecret(value)) return concealed;
  if (typeof value !== 'object' || value === null) return value;
  const own = Object.entries(value).filter(([key]) => !key.startsWith('__'));
  return Object.fromEntries(own.map(([key, inner]) => [key, reveal(inner)]));
}

/**
 * What the cloud still lists of an instance; empty if everything is gone. After a removal (`mayStillGo`), its lists get
 * time to catch up. Throws the reason of the cloud if it does not answer.
 */
export function listLeftovers(
  spec: PrivateServerSpec,
  { testbed, mayStillGo }: { testbed: Pick<Testbed, 'env'>; mayStillGo: boolean },
): Promise<TaggedObject[]> {
  return withInventory({ spec, testbed }, async (inventory) => {
    // Objects created right before the end may not be listed yet, so at first one empty list is not enough.
    await delay(inventory.listingLagMs);
    const end = monotonic() + timeoutMs;
    for (;;) {
      const left = await inventory.list(spec);
      if (left.length === 0 || !mayStillGo || monotonic() > end) return left;
      await delay(pollIntervalMs);
    }
  });
}
