/**
 * Every refusal of the licence protocol: one code, one number, one sentence that an operator can act on.
 *
 * Numbers 101 to 109, 200, 300, 350 and 400 are those that ThingsBoard's licence clients already know; 110 and up are
 * ours. Numbers never change and are never reused.
 */

export interface LicenceCodeEntry {
  readonly num: number;
  /** HTTP status of the answer; 0 for codes that only a client raises. */
  readonly status: number;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** What is wrong, as one sentence. */
  readonly title: string;
  /** What to do, as one sentence. */
  readonly remedy: string;
}

function entry(num: number, status: number, title: string, remedy: string, retryable = false): LicenceCodeEntry {
  return { num, status, retryable, title, remedy };
}

export const licenceCodes = {
  INVALID_LICENSE_SECRET: entry(
    101,
    401,
    'This licence key is not valid for this product.',
    'Copy the key again from the licence page and check that it belongs to this product.',
  ),
  SUBSCRIPTION_NOT_FOUND: entry(102, 404, 'There is no such licence.', 'Check the licence id.'),
  SUBSCRIPTION_NOT_ACTIVE: entry(
    103,
    403,
    'The licence is not active.',
    'Do what the detail says, then check again: nothing needs to be reinstalled.',
  ),
  ACTIVE_INSTANCES_CAPACITY_EXCEEDED: entry(
    104,
    403,
    'All seats of this licence are in use.',
    'Release a node that is no longer needed on its machine, deactivate it in the licence portal, or add a seat.',
  ),
  INSTANCE_NOT_FOUND: entry(
    105,
    404,
    'The licence server does not know this node.',
    'Activate it again: start it with a new enrolment token, or without its licence state and with its licence key.',
  ),
  INVALID_LICENSE_CHECK_REQUEST: entry(
    106,
    400,
    'The request does not fit the licence protocol.',
    'Correct the fields that the detail names.',
  ),
  INVALID_SECRET: entry(
    107,
    401,
    'This secret was never issued to this node.',
    "Recover the node with its licence key or with a new enrolment token; do not copy another node's state file.",
  ),
  INSTANCE_NOT_ACTIVE: entry(
    108,
    403,
    'This node no longer holds a seat.',
    'To keep it running, start it with a new enrolment token, or without its licence state and with its licence key.',
  ),
  UNSUPPORTED_SOFTWARE_VERSION: entry(
    109,
    403,
    'The licence does not cover this version of the product.',
    'Run the newest version that the detail names, or renew the licence.',
  ),
  CLONE_SUSPECTED: entry(
    110,
    409,
    'Another copy of this node uses the same licence state.',
    'Stop one of the copies, or activate this one as a separate node.',
  ),
  STALE_SECRET: entry(
    111,
    409,
    'This licence state is older than the one last used.',
    'If the node was restored from a backup, recover it; if it is a copy, activate it as a separate node.',
  ),
  CLUSTER_ID_MISMATCH: entry(
    112,
    409,
    'The licence is bound to another cluster.',
    'Use a licence of this cluster, or have the binding lifted.',
  ),
  UNKNOWN_RELEASE: entry(
    113,
    403,
    'The licence server does not know this version of the product.',
    'Run a published version, or have this one registered.',
  ),
  CLOCK_ROLLBACK: entry(
    114,
    0,
    'The clock of this node was set back.',
    'Correct the clock and let the node reach the licence server once.',
  ),
  SEAT_FLAPPING: entry(
    115,
    409,
    'Several nodes with the same name take the seat from each other.',
    'Stop all but one and try again after the time in Retry-After; to run several, give each its own name and a seat.',
    true,
  ),
  ALREADY_ACTIVATED: entry(
    120,
    409,
    'This activation id was used before.',
    'Choose a new activation id, or recover the node that used it.',
  ),
  ENROLLMENT_REFUSED: entry(
    121,
    401,
    'This enrolment token cannot be redeemed.',
    'Issue a new enrolment for this node; a token is valid for one node, once, for a limited time.',
  ),
  RECOVERY_REFUSED: entry(
    122,
    409,
    'This node cannot be recovered.',
    'Recover only the same node, at most as often a day as the detail says; otherwise activate it again.',
  ),
  RATE_LIMITED: entry(123, 429, 'Too many requests.', 'Wait for the time in Retry-After.', true),
  UNSUPPORTED_MEDIA_TYPE: entry(
    132,
    415,
    'The request body is not JSON.',
    'Send JSON in UTF-8 with the header Content-Type: application/json.',
  ),
  METHOD_NOT_ALLOWED: entry(
    133,
    405,
    'This address does not support the method of the request.',
    'Use one of the methods in the header Allow.',
  ),
  BODY_TOO_LARGE: entry(124, 413, 'The request body is too large.', 'Send at most 16 kB.'),
  NO_SUCH_CALL: entry(125, 404, 'There is nothing at this address.', 'Check the path and the method.'),
  ADMIN_UNAUTHORIZED: entry(
    126,
    401,
    'This call needs the administrator token.',
    'Send the token of LICENCE_ADMIN_TOKEN as bearer.',
  ),
  UNKNOWN_PRODUCT_OR_PLAN: entry(
    127,
    422,
    'There is no such product, plan or add-on.',
    'Register what the detail names first.',
  ),
  NOT_REGISTERED: entry(175, 404, 'There is no such product, plan or release.', 'Look up its name in the list.'),
  IDEMPOTENCY_CONFLICT: entry(
    128,
    409,
    'This idempotency key was used with another request.',
    'Use a new key for a new request.',
  ),
  LICENSE_REVOKED: entry(129, 409, 'The licence is revoked, which is final.', 'Issue a new licence.'),
  SERVICE_UNAVAILABLE: entry(
    130,
    503,
    'The licence server cannot answer at the moment.',
    'Wait; running nodes continue within their grace period.',
    true,
  ),
  NOT_PERPETUAL: entry(
    131,
    409,
    'This licence is a subscription and has no years of updates to renew.',
    'Renew the subscription itself, or name a perpetual licence.',
  ),
  ACCOUNT_UNAUTHORIZED: entry(
    140,
    401,
    'This call needs a valid token of the account service.',
    'Sign in again and send the new token as bearer.',
  ),
  ROLE_REQUIRED: entry(
    141,
    403,
    'Your role in this account does not allow this.',
    'Ask an administrator of the account for the role that the detail names.',
  ),
  SEATS_NOT_SOLD_HERE: entry(
    142,
    409,
    'Seats of this licence are not sold here.',
    'Change the seats where the licence was bought, or ask its seller.',
  ),
  KEY_NOT_SHOWN: entry(
    143,
    403,
    'The key of this licence is not shown again.',
    'Rotate the key: the new one is shown once, and running nodes keep running.',
  ),
  LICENSE_CHANGED: entry(
    144,
    409,
    'The licence has changed in the meantime.',
    'Read the licence again and decide again.',
  ),
  NO_COPY_SUSPECTED: entry(
    145,
    409,
    'No copy of this node was seen.',
    'Read the nodes again; somebody may have decided already.',
  ),
  OFFLINE_LICENSE_ALREADY_ISSUED: entry(
    170,
    409,
    'This cluster or machine cannot use the licence online and by an offline file at once.',
    'Use the offline file that it has until that ends, or release its online nodes before you ask for a file.',
  ),
  OFFLINE_NOT_POSSIBLE: entry(
    171,
    409,
    'No offline file can be issued for this licence now.',
    'Do what the detail says, then ask again.',
  ),
  NO_SUCH_OFFLINE_FILE: entry(172, 404, 'There is no such offline file.', 'Check the id of the file.'),
  CLAIM_NOT_FOUND: entry(
    173,
    404,
    'There is no such claim, or it has ended.',
    'Start the claim again on the node and use the new address.',
  ),
  CLAIM_LICENSE_REJECTED: entry(
    174,
    409,
    'This licence cannot be assigned to this claim.',
    'Choose an active licence of the same product.',
  ),
  WEBHOOK_ADDRESS_REFUSED: entry(
    150,
    422,
    'Webhooks cannot be sent to this address.',
    'Use a public https address without credentials in it.',
  ),
  NO_SUCH_WEBHOOK: entry(151, 404, 'There is no such webhook.', 'Check the id of the webhook.'),
  NO_SUCH_DELIVERY: entry(152, 404, 'There is no such delivery.', 'Check the id; old deliveries are not kept.'),
  KEY_ROLL_TOO_EARLY: entry(
    160,
    409,
    'The next signing key is not known to all nodes yet.',
    'Wait until the time in the detail, or roll the current key as compromised.',
  ),
  KEY_ROLL_REFUSED: entry(161, 409, 'The signing keys cannot be rolled by this server.', 'Do what the detail says.'),
  GENERAL_SERVER_ERROR: entry(
    200,
    500,
    'Internal error of the licence server.',
    'Wait; running nodes continue within their grace period. Give the request id when you ask for help.',
    true,
  ),
  GRACE_EXPIRED: entry(
    300,
    0,
    'The licence could not be checked for longer than the grace period.',
    'Let the node reach the licence server; one successful check unlocks it.',
    true,
  ),
  STATE_FILE_UNUSABLE: entry(
    301,
    0,
    'The licence state of this node cannot be written.',
    'Free some disk space and check owner and permissions of the state file.',
    true,
  ),
  NOT_ENROLLED: entry(
    302,
    0,
    'This node has neither an enrolment token nor a licence key.',
    'Give the node its first-boot file or a licence key.',
  ),
  OFFLINE_FILE_REFUSED: entry(
    303,
    0,
    'The licence file of this node is not valid.',
    'Replace it with the file issued for this product, cluster and machine, unchanged.',
  ),
  OFFLINE_FILE_EXPIRED: entry(
    304,
    0,
    'The licence file of this node has expired.',
    'Have a new file issued and replace the old one with it; nothing needs to be restarted.',
  ),
  INVALID_SERVER_CERTIFICATE: entry(
    350,
    0,
    'The certificate of the licence server is not trusted.',
    'Trust the certificate authority of the proxy, or exempt this connection from inspection.',
    true,
  ),
  INVALID_VERDICT: entry(
    351,
    0,
    'An answer of the licence server was not signed as expected.',
    'Check the clock of this node and any proxy between it and the licence server.',
    true,
  ),
  CONNECTION_ERROR: entry(
    400,
    0,
    'The licence server cannot be reached.',
    'Check name resolution, proxy and firewall between this node and the licence server.',
    true,
  ),
} as const satisfies Record<string, LicenceCodeEntry>;

export type LicenceCode = keyof typeof licenceCodes;

export const licenceCodeNames = Object.keys(licenceCodes) as [LicenceCode, ...LicenceCode[]];
