import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';

/** Configuration for AWS; credentials and endpoints are found by the AWS clients' own rules. */
const Settings = z.object({
  /** Route 53 zone for the records of all servers on AWS. */
  FREEHOLD_AWS_HOSTED_ZONE_ID: z.string().regex(/^Z[A-Z0-9]+$/),
  /** ARN of the managed policy that limits the roles of all servers; `docs/clouds/aws-boundary.json`. */
  FREEHOLD_AWS_PERMISSIONS_BOUNDARY: z.string().regex(/^arn:aws[\w-]*:iam::\d{12}:policy\/.+$/),
  /** How long AWS may keep a new object out of its lists, ms. */
  FREEHOLD_AWS_LISTING_LAG_MS: z.coerce.number().int().min(0).default(30_000),
  /** Pause between attempts to remove an object that is still in use, ms. */
  FREEHOLD_AWS_REMOVE_PAUSE_MS: z.coerce.number().int().positive().default(5_000),
  /** How long EC2 may take to carry out an accepted reboot, ms: it cuts the power itself after about 4 min. */
  FREEHOLD_AWS_REBOOT_MS: z.coerce.number().int().positive().default(360_000),
});
export type AwsSettings = z.infer<typeof Settings>;

/** Throws `cloud_not_enabled`, naming the missing or invalid variable. */
export function awsSettings(env: NodeJS.ProcessEnv): AwsSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join('.'));
  throw new ReasonError('cloud_not_enabled', `aws: missing or invalid: ${names.join(', ')}`);
}
