import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { secret } from '@pulumi/pulumi';
import { LocalWorkspace, PulumiCommand } from '@pulumi/pulumi/automation/index.js';
import { request } from 'undici';
import { z } from 'zod';
import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import { desiredAtFirst } from '../src/domain/operations/desired-server.ts';
import { specFrom } from '../src/domain/operations/server-spec.ts';
import type { Platform } from '../src/embedded/platform.ts';
import { newId } from '../src/runtime/new-id.ts';
import { cloudStacks } from '../src/stacks/clouds.ts';

/**
 * The baseline: the same private server on the same cloud with only the Automation API, as its documentation shows it
 * (`createOrSelectStack`, then `up`). The host gets a real enrolment, made before the measurement, so that it does the
 * same work as an ordered one.
 */
export async function prepareBareUp(platform: Platform) {
  const { env } = platform;
  const command = await PulumiCommand.get({ root: env.PULUMI_ROOT as string });
  const cloud = await cloudStacks('local');
  const engineEnvironment = {
    ...env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  };
  const region = catalogue.clouds.find(({ name }) => name === 'local')?.regions[0];
  if (!region) throw new Error('the local cloud has no region');

  async function ask(path: string, body: unknown, key?: string): Promise<unknown> {
    const answer = await request(new URL(path, env.LICENCE_SERVER_URL), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${env.LICENCE_ADMIN_TOKEN}`,
        'content-type': 'application/json',
        ...(key ? { 'idempotency-key': key } : {}),
      },
      body: JSON.stringify(body),
    });
    if (answer.statusCode >= 400) throw new Error(`${path} answered ${answer.statusCode}`);
    return answer.body.json();
  }

  /** Everything that an `up` needs, before the measurement starts. */
  return async function prepare() {
    const instanceId = newId.instance();
    const hostname = `bench-${instanceId}.local.freehold.localhost`;
    const licence = z.object({ licenseId: z.string() }).parse(
      await ask(
        '/v1/admin/licenses',
        {
          product: catalogue.product.name,
          plan: 'MAKER',
          externalRef: instanceId,
          standing: { standing: 'current', revision: 1 },
        },
        `bench:${instanceId}`,
      ),
    );
    const enrolment = z
      .object({ enrollmentToken: z.string() })
      .parse(await ask('/v1/admin/enrollments', { licenseId: licence.licenseId, nodeName: 'node-1', generation: 0 }));
    const keys = await (await request(new URL('/.well-known/license-keys.json', env.LICENCE_SERVER_URL))).body.json();
    const userData = JSON.stringify({
      instanceId,
      nodeName: 'node-1',
      hostnames: [hostname],
      adminEmail: 'bench@example.com',
      plan: 'MAKER',
      productVersion: catalogue.product.version,
      controlPlaneUrl: env.LICENCE_SERVER_URL,
      licence: { serverUrl: env.LICENCE_SERVER_URL, publicKeys: keys, enrollmentToken: enrolment.enrollmentToken },
    });
    const { version: image } = catalogue.product;
    const zones = region.zones.slice(0, 1);
    const desired = desiredAtFirst({ size: 'local-1', image, diskGib: 20, hostname, zones, tags: {} });
    const spec = specFrom({ _id: instanceId, cloud: 'local', region: region.name, desired });
    const workDir = await mkdtemp(join(tmpdir(), 'freehold-bench-'));

    const open = () =>
      LocalWorkspace.createOrSelectStack(
        {
          stackName: `bench-${instanceId}`,
          projectName: 'freehold',
          program: async () =>
            cloud.declare({
              ...{
                spec,
                userData: { 'node-1-m1': secret(userData) },
                protect: false,
                findImages: true,
                env: process.env,
              },
            }) as never,
        },
        {
          workDir,
          pulumiCommand: command,
          pulumiHome: env.PULUMI_HOME as string,
          envVars: engineEnvironment,
          projectSettings: Object.assign(
            { name: 'freehold', runtime: 'nodejs', backend: { url: env.PULUMI_BACKEND_URL as string } } as const,
            { plugins: { providers: cloud.plugins } },
          ),
        },
      );

    return {
      async up(): Promise<void> {
        const stack = await open();
        await stack.up();
      },
      async remove(): Promise<void> {
        const stack = await open();
        await stack.destroy({ remove: true });
        await rm(workDir, { recursive: true, force: true });
      },
    };
  };
}
