import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { type ReasonCode, ReasonError } from '../src/contracts/reasons.ts';
import { findCloud, findRegion } from '../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import type { BilledCloud } from '../src/domain/catalogue/cloud-costs.ts';
import { HostVariables, readHostSetup } from '../src/stacks/cloud-init/host-setup.ts';
import { cloudSecrets } from '../src/stacks/cloud-secrets.ts';
import { openCloudView } from '../src/stacks/cloud-views.ts';
import { cloudStacks } from '../src/stacks/clouds.ts';
import { inspectCloud } from '../src/stacks/inspect-cloud.ts';
import { textsOf } from '../src/texts/texts.ts';
import { plan } from './estimate.ts';

const { reasons: reasonTexts } = textsOf('en');

/** What is known of a cloud before anything is created there. */
export type Preflight =
  | {
      state: 'skipped' | 'refused';
      why: string;
      /** Our account, if known, so that leftovers of earlier runs can still be destroyed. */
      account?: string;
    }
  | {
      state: 'go';
      identity: string;
      /** The account of the identity: the same for all identities in it. */
      account: string;
      /** Permissions that the cloud does not report before they are used. */
      unchecked: string[];
      asked: number;
    };

/** Usual sources of credentials, most common first; docs/clouds/README.md has all. */
const credentials: Readonly<Record<BilledCloud, string>> = {
  aws: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role',
  digitalocean: 'DIGITALOCEAN_TOKEN',
  gcp: 'GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_CREDENTIALS, with GOOGLE_PROJECT',
  azure: 'ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET, or a signed-in az, with ARM_SUBSCRIPTION_ID',
};

/** Variables that redirect requests away from the cloud itself. */
const endpoints: Readonly<Record<BilledCloud, RegExp>> = {
  aws: /^AWS_ENDPOINT_URL(_|$)/,
  digitalocean: /^DIGITALOCEAN_API_URL$/,
  gcp: /^GOOGLE_\w+_CUSTOM_ENDPOINT$/,
  azure: /^AZURE_RESOURCE_MANAGER_URL$/,
};

/** Whether a cloud is emulated: its endpoint is overridden, or the installation says so. */
export function isSimulated(cloud: BilledCloud, env: NodeJS.ProcessEnv): boolean {
  const named = (env.FREEHOLD_SIMULATED_CLOUDS ?? '').split(',').map((name) => name.trim());
  return named.includes(cloud) || Object.keys(env).some((name) => env[name] && endpoints[cloud].test(name));
}

/**
 * Checks whether a run can start, without creating anything: credentials, configuration, the engine's plugin, identity
 * and missing permissions. A missing configuration skips the cloud; anything wrong refuses it.
 */
export async function preflight(
  { cloud, region, simulated }: { cloud: BilledCloud; region: string; simulated: boolean },
  env: NodeJS.ProcessEnv,
): Promise<Preflight> {
  const sold = findCloud(cloud, catalogue);
  const place = { ...findRegion(region, sold), without: catalogue.plans.map(({ name }) => name) };
  place.without = place.without.filter((name) => name !== plan);
  const report = await inspectCloud(
    { ...sold, regions: [place] },
    { open: () => openCloudView(cloud, env), secrets: cloudSecrets(env) },
  );
  if (report.state === 'not_configured') {
    const { detail = '' } = report.problem ?? {};
    const more = detail === '' || detail === 'no credentials' ? '' : `: ${detail}`;
    return { state: 'skipped', why: `no credentials (${credentials[cloud]})${more}` };
  }
  const missing = await missingSettings({ cloud, simulated }, env);
  if (missing) return { state: 'skipped', why: missing };
  if (report.problem) return { state: 'refused', why: wordsOf(report.problem.reason, report.problem.detail) };
  const { permissions } = report;
  const identity = report.identity ?? '';
  const account = accountOf(identity);
  const plugin = missingPlugin(cloud, env);
  if (plugin) return { state: 'refused', why: plugin };
  const lacks = report.regions[0]?.lacks ?? null;
  const faults = [
    ...(permissions.missing.length > 0 ? [`permissions are missing: ${permissions.missing.join(', ')}`] : []),
    ...(lacks === null ? [`${region} did not report its machine sizes`] : []),
    ...(lacks !== null && lacks.length > 0 ? [`${region} does not offer us ${lacks.join(', ')}`] : []),
  ];
  if (faults.length > 0) return { state: 'refused', why: faults.join('; '), account };
  return { state: 'go', identity, account, ...permissions };
}

/** The account of an identity: that of an ARN, otherwise the whole identity. */
export function accountOf(identity: string): string {
  const [arn, , , , account] = identity.split(':');
  return arn === 'arn' && account ? `account ${account}` : identity;
}

/** A sentence for people about a failure. */
export function wordsOf(code: ReasonCode, detail: string | undefined): string {
  return `${code}: ${reasonTexts[code].operator}${detail ? ` ${detail}` : ''}`;
}

async function missingSettings(
  { cloud, simulated }: { cloud: BilledCloud; simulated: boolean },
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  try {
    const stacks = await cloudStacks(cloud);
    stacks.checkSettings(env);
    const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
    const variables = HostVariables.safeParse(given);
    if (!variables.success) {
      const names = variables.error.issues.map(({ path }) => path.join('.'));
      return `settings are wrong: ${names.join(', ')}`;
    }
    readHostSetup(variables.data);
  } catch (error) {
    if (error instanceof ReasonError) return `settings are missing: ${error.detail}`;
    throw error;
  }
  // Names under the domain of the embedded platform exist on no other machine.
  if (!simulated && !env.FREEHOLD_BASE_DOMAIN) return 'settings are missing: FREEHOLD_BASE_DOMAIN';
  return null;
}

const plugins: Readonly<Record<BilledCloud, { name: string; packageName: string }>> = {
  aws: { name: 'aws', packageName: '@pulumi/aws' },
  digitalocean: { name: 'digitalocean', packageName: '@pulumi/digitalocean' },
  gcp: { name: 'gcp', packageName: '@pulumi/gcp' },
  azure: { name: 'azure-native', packageName: '@pulumi/azure-native' },
};

/** What to do if the engine would not find its provider, which runners never download; null if it is installed. */
function missingPlugin(cloud: BilledCloud, env: NodeJS.ProcessEnv): string | null {
  const { name, packageName } = plugins[cloud];
  const { version } = createRequire(import.meta.url)(`${packageName}/package.json`) as { version: string };
  const home = pulumiHomeOf(env);
  const onPath = (env.PATH ?? '').split(delimiter).map((folder) => join(folder, `pulumi-resource-${name}`));
  if ([...onPath, join(home, 'plugins', `resource-${name}-v${version}`)].some(existsSync)) return null;
  return `the engine has no provider for it: PULUMI_HOME=${home} pulumi plugin install resource ${name} ${version}`;
}

/** The engine's home folder: from the environment, otherwise the user's. */
export function pulumiHomeOf(env: NodeJS.ProcessEnv): string {
  return env.PULUMI_HOME || join(env.HOME ?? '', '.pulumi');
}
