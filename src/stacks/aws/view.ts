import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DescribeInstanceTypeOfferingsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  IAMClient,
  SimulatePrincipalPolicyCommand,
  type SimulatePrincipalPolicyCommandInput,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { ReasonError } from '../../contracts/reasons.ts';
import { type CloudView, firstSource } from '../cloud-view.ts';
import { awsReasonOf } from './errors.ts';
import { awsActions, awsGrants, exampleOf, type Grant } from './permissions.ts';

/** Global services answer in any region. */
const anywhere = { region: 'us-east-1' };

/** AWS through its own SDK, with the credentials that it finds itself. */
export function awsView(env: NodeJS.ProcessEnv): CloudView {
  const sts = new STSClient(anywhere);
  const iam = new IAMClient(anywhere);
  const regions: EC2Client[] = [];

  async function who(): Promise<string> {
    const { Arn } = await mapAwsErrors(sts.send(new GetCallerIdentityCommand({})));
    return Arn ?? '';
  }

  return {
    credentials: sourceOf(env),
    actions: awsActions,
    identity: who,
    async permissions() {
      const arn = await who();
      // The root account may do everything and cannot be simulated.
      if (arn.endsWith(':root')) return { missing: [], unchecked: [] };
      const { FREEHOLD_AWS_HOSTED_ZONE_ID: zone = '', FREEHOLD_AWS_PERMISSIONS_BOUNDARY: boundary = '' } = env;
      const own = { account: accountOf(arn), zone, boundary };
      const missing = new Set<string>();
      for (const grant of awsGrants) {
        const asking = iam.send(new SimulatePrincipalPolicyCommand(simulationOf(principalOf(arn), grant, own)));
        const answer = await mapAwsErrors(asking).catch((error: unknown) => {
          if (error instanceof ReasonError && error.code === 'cloud_permission_missing') return null;
          throw error;
        });
        if (answer === null) {
          return { missing: ['iam:SimulatePrincipalPolicy'], unchecked: awsActions.filter(isNoSimulation) };
        }
        for (const { EvalActionName, EvalDecision } of answer.EvaluationResults ?? []) {
          if (EvalDecision !== 'allowed' && EvalActionName) missing.add(EvalActionName);
        }
      }
      return { missing: [...missing], unchecked: [] };
    },
    async sizesIn(region, sizes) {
      const ec2 = new EC2Client({ region });
      regions.push(ec2);
      const Filters = [{ Name: 'instance-type', Values: [...sizes] }];
      const offered = await mapAwsErrors(
        ec2.send(new DescribeInstanceTypeOfferingsCommand({ LocationType: 'region', Filters })),
      );
      return (offered.InstanceTypeOfferings ?? []).flatMap(({ InstanceType }) => InstanceType ?? []);
    },
    close() {
      for (const client of [sts, iam, ...regions]) client.destroy();
    },
  };
}

/**
 * A simulation of one grant as its own resource and context: the policies allow most actions only on what is tagged,
 * and only with the boundary and the zone of this installation.
 */
function simulationOf(
  PolicySourceArn: string,
  grant: Grant,
  own: { account: string; zone: string; boundary: string },
): SimulatePrincipalPolicyCommandInput {
  const { resource, context } = exampleOf(grant, own);
  return {
    PolicySourceArn,
    ActionNames: [...grant.actions],
    ...(resource === '*' ? {} : { ResourceArns: [resource] }),
    ContextEntries: Object.entries(context).map(([ContextKeyName, values]) => ({
      ContextKeyName,
      ContextKeyType: values[0] === 'true' ? 'boolean' : isSet.test(ContextKeyName) ? 'stringList' : 'string',
      ContextKeyValues: [...values],
    })),
  };
}

/** Context keys with several values. */
const isSet = /TagKeys$|RecordTypes$/;

const isNoSimulation = (action: string) => action !== 'iam:SimulatePrincipalPolicy';

/** The account of an identity. */
const accountOf = (arn: string) => arn.split(':')[4] ?? '';

/** A role session is simulated as its role. */
export function principalOf(arn: string): string {
  const session = /^arn:(aws[\w-]*):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  return session ? `arn:${session[1]}:iam::${session[2]}:role/${session[3]}` : arn;
}

function sourceOf(env: NodeJS.ProcessEnv): string | null {
  const shared = env.AWS_SHARED_CREDENTIALS_FILE || join(env.HOME || homedir(), '.aws', 'credentials');
  return firstSource([
    [env.AWS_ACCESS_KEY_ID, 'environment (AWS_ACCESS_KEY_ID)'],
    [env.AWS_WEB_IDENTITY_TOKEN_FILE, 'workload identity (AWS_WEB_IDENTITY_TOKEN_FILE)'],
    [env.AWS_CONTAINER_CREDENTIALS_FULL_URI || env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, "the container's own role"],
    [env.AWS_PROFILE, 'profile (AWS_PROFILE)'],
    [existsSync(shared), 'shared credentials file'],
    // Only the machine's metadata service knows; without it the SDK reports that it found none.
    [env.AWS_EC2_METADATA_DISABLED !== 'true', "the machine's own role"],
  ]);
}

/** Maps the SDK's errors to reasons. */
async function mapAwsErrors<Answer>(asking: Promise<Answer>): Promise<Answer> {
  try {
    return await asking;
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'CredentialsProviderError')
      throw new ReasonError('cloud_not_enabled', 'no credentials', { cause: error });
    const text = `${name}: ${message}`;
    throw new ReasonError(awsReasonOf(text) ?? 'cloud_unavailable', text, { cause: error });
  }
}
