import type { ReasonCode } from '../../src/contracts/reasons.ts';
import type { CloudName } from '../../src/contracts/stack.ts';

/**
 * Real error texts of clouds and their providers, as reported in public, and their reasons. Account names and ids are
 * removed; everything else is as in the source.
 */
export interface ErrorText {
  cloud: Exclude<CloudName, 'local'>;
  reason: ReasonCode;
  text: string;
  source: string;
}

const github = 'https://github.com';

export const errorTexts: readonly ErrorText[] = [
  // aws
  {
    cloud: 'aws',
    reason: 'cloud_capacity',
    text: 'creating EC2 Instance: InsufficientInstanceCapacity: We currently do not have sufficient m6i.xlarge capacity in the Availability Zone you requested (us-east-2a). Our system will be working on provisioning additional capacity. You can currently get m6i.xlarge capacity by not specifying an Availability Zone in your request or choosing us-east-2b, us-east-2c.\n\tstatus code: 500, request id: 889de2c1',
    source: `${github}/red-hat-storage/ocs-ci/issues/9263`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_capacity',
    text: 'creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 400, RequestID: f5620d69, api error Unsupported: Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e). Please retry your request by not specifying an Availability Zone or choosing us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f.',
    source: `${github}/ned1313/Getting-Started-Terraform/issues/44`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_quota',
    text: 'creating EC2 Instance: VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.',
    source: `${github}/bentoml/bentoctl/issues/202`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_quota',
    text: 'creating EC2 EIP: AddressLimitExceeded: The maximum number of addresses has been reached.\n\tstatus code: 400, request id: c50044a5',
    source: `${github}/redpanda-data/redpanda/issues/14734`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_quota',
    text: 'Error creating VPC: VpcLimitExceeded: The maximum number of VPCs has been reached.\n\tstatus code: 400, request id: 9559ac7e',
    source: `${github}/terraform-aws-modules/terraform-aws-vpc/issues/429`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_quota',
    text: 'You have requested more instances (1) than your current instance limit of 0 allows for the specified instance type. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 instance failed.',
    source: `${github}/coreos/tectonic-forum/issues/196`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_rate_limited',
    text: 'Request limit exceeded. (Service: AmazonEC2; Status Code: 503; Error Code: RequestLimitExceeded; Request ID: 7fd6cf20)',
    source: `${github}/cloudfoundry/bosh-aws-cpi-release/issues/61`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_rate_limited',
    text: 'aws_route53_record.primary.0: Throttling: Rate exceeded\n\tstatus code: 400, request id: 322cd13f',
    source: `${github}/hashicorp/terraform-provider-aws/issues/5171`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_credentials_expired',
    text: 'error configuring Terraform AWS Provider: error validating provider credentials: error calling sts:GetCallerIdentity: operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: 87fecadb, api error ExpiredToken: The security token included in the request is expired',
    source: `${github}/pulumi/pulumi-aws/issues/2560`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_credentials_expired',
    text: 'configuring Terraform AWS Provider: error validating provider credentials: error calling sts:GetCallerIdentity: operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: b16fc6b2, api error InvalidClientTokenId: The security token included in the request is invalid.',
    source: `${github}/hashicorp/terraform-provider-aws/issues/28443`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_credentials_expired',
    text: 'Error launching source instance: AuthFailure: AWS was not able to validate the provided access credentials\n\tstatus code: 401, request id: fdf5b8cd',
    source: `${github}/hashicorp/terraform/issues/17273`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_permission_missing',
    text: 'operation error EC2: RunInstances, https response error StatusCode: 403, RequestID: 993a3d41, api error UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message: qoYeuy5DNQMk_k7JauWs',
    source: `${github}/DataDog/stratus-red-team/issues/387`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_permission_missing',
    text: 'collecting instance settings: reading EC2 Instance Type (t2.micro): UnauthorizedOperation: You are not authorized to perform this operation.\n\tstatus code: 403, request id: 0d394442',
    source: `${github}/hashicorp/terraform-provider-aws/issues/8720`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_name_conflict',
    text: 'creating IAM Role (port-ocean-launchdarkly-ld_ocean): operation error IAM: CreateRole, https response error StatusCode: 409, RequestID: 277306c3, EntityAlreadyExists: Role with name port-ocean-launchdarkly-ld_ocean already exists.',
    source: `${github}/port-labs/ocean/pull/854`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_name_conflict',
    text: "creating Route 53 Record: InvalidChangeBatch: [Tried to create resource record set [name='mydomain.dev.', type='TXT'] but it already exists]\n\tstatus code: 400, request id: xx",
    source: `${github}/clouddrove/terraform-aws-ses/issues/25`,
  },
  {
    cloud: 'aws',
    reason: 'cloud_name_conflict',
    text: "Error creating Security Group: InvalidGroup.Duplicate: The security group 'aws_batch_compute_environment_security_group' already exists for VPC 'vpc-6290a707'\n\tstatus code: 400, request id: bcb527fa",
    source: `${github}/hashicorp/terraform-provider-aws/pull/1759`,
  },

  // digitalocean
  {
    cloud: 'digitalocean',
    reason: 'cloud_quota',
    text: 'Error creating droplet: POST https://api.digitalocean.com/v2/droplets: 422 creating this/these droplet(s) will exceed your droplet limit',
    source: `${github}/pry0cc/axiom/issues/422`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_quota',
    text: 'rpc error: code = ResourceExhausted desc = volume limit (7) has been reached. Current number of volumes: 7. Please contact support.',
    source: `${github}/digitalocean/csi-digitalocean/issues/128`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_quota',
    text: 'error resizing volume: volume/snapshot capacity limit exceeded',
    source: `${github}/digitalocean/csi-digitalocean/issues/476`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_capacity',
    text: 'Error creating droplet: POST https://api.digitalocean.com/v2/droplets: 422 (request "94739105") Size is not available in this region.',
    source: `${github}/ChainSafe/forest-iac/pull/437`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_capacity',
    text: 'digitalocean_droplet.darknode: Error creating droplet: POST https://api.digitalocean.com/v2/droplets: 422 Region is not available',
    source: `${github}/renproject/darknode-cli/issues/5`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_capacity',
    text: "POST https://api.digitalocean.com/v2/droplets/0/actions: 422 Size is too large to fit on your droplet's server",
    source: `${github}/digitalocean/api-v2/issues/117`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_rate_limited',
    text: 'GET https://api.digitalocean.com/v2/volumes?per_page=200&region=ams3: 429 Too many requests',
    source: `${github}/rexray/rexray/issues/1262`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_rate_limited',
    text: '429 API Rate limit exceeded',
    source: `${github}/digitalocean/terraform-provider-digitalocean/issues/546`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_credentials_expired',
    text: 'Error creating Volume: POST https://api.digitalocean.com/v2/volumes: 401 (request "09e271cb") Unable to authenticate you',
    source: `${github}/coder/coder/issues/9982`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_permission_missing',
    text: 'POST https://api.digitalocean.com/v2/projects/0/resources: 403 (request "e1efed05") You are not authorized to perform this operation',
    source: `${github}/digitalocean/doctl/issues/1635`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_permission_missing',
    text: 'GET https://api.digitalocean.com/v2/registry/docker-credentials?expiry_seconds=1200&read_write=true: 403 (request "34fe003d") you do not have access for the attempted action',
    source: `${github}/digitalocean/action-doctl/issues/83`,
  },
  {
    cloud: 'digitalocean',
    reason: 'cloud_name_conflict',
    text: 'Error creating Volume: POST https://api.digitalocean.com/v2/volumes: 409 (request "f049e453") already exists',
    source: `${github}/hashicorp/terraform/issues/8023`,
  },

  // gcp
  {
    cloud: 'gcp',
    reason: 'cloud_capacity',
    text: "Error waiting for instance to create: The zone 'projects/p/zones/us-west1-c' does not have enough resources available to fulfill the request.  Try a different zone, or try again later",
    source: `${github}/forseti-security/terraform-google-forseti/issues/631`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_capacity',
    text: 'code: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS message: A n1-standard-4 VM instance with 1 nvidia-tesla-t4 accelerator(s) is currently unavailable in the us-central1-b zone. Consider trying your request in the us-central1-a, us-central1-f zone(s), which currently has capacity to accommodate your request.',
    source: `${github}/kubernetes/k8s.io/issues/9834`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_quota',
    text: "Error waiting for instance to create: Quota 'CPUS_PER_VM_FAMILY' exceeded.  Limit: 176.0 in region us-central1.\n\tmetric name = compute.googleapis.com/cpus_per_vm_family",
    source: `${github}/hashicorp/terraform-provider-google/issues/20573`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_quota',
    text: "google_compute_address.master: Quota 'STATIC_ADDRESSES' exceeded.  Limit: 1.0 in region us-east1.",
    source: `${github}/mesosphere-backup/terraform-dcos/issues/61`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_quota',
    text: "Error creating Instance: googleapi: Error 429: Quota limit 'StandardInstancesPerProjectPerRegion' has been exceeded. Limit: 0 in region us-central1.",
    source: `${github}/terraform-google-modules/terraform-docs-samples/issues/610`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_rate_limited',
    text: "Error when reading or editing ComputeReservation \"something1\": googleapi: Error 403: Quota exceeded for quota group 'ReadGroup' and limit 'Read requests per user per 100 seconds' of service 'compute.googleapis.com' for consumer 'project_number:123456'., rateLimitExceeded",
    source: `${github}/hashicorp/terraform-provider-google/issues/8360`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_credentials_expired',
    text: 'oauth2: cannot fetch token: 400 Bad Request\nResponse: {\n  "error": "invalid_grant",\n  "error_description": "Token has been expired or revoked."\n}',
    source: `${github}/GeneralTask/task-manager/pull/997`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_credentials_expired',
    text: 'rpc error: code = Unauthenticated desc = transport: oauth2: cannot fetch token: 400 Bad Request\nResponse: {\n  "error": "invalid_grant",\n  "error_description": "reauth related error (rapt_required)"\n}',
    source: `${github}/pulumi/pulumi-gcp/issues/479`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_credentials_expired',
    text: 'Error when reading or editing Router: googleapi: Error 401: Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    source: `${github}/hashicorp/terraform-provider-google/issues/8521`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_permission_missing',
    text: "Error loading zone 'us-east1-c': googleapi: Error 403: Required 'compute.zones.get' permission for 'projects/p/zones/us-east1-c', forbidden",
    source: `${github}/hashicorp/terraform-provider-google/issues/8638`,
  },
  {
    cloud: 'gcp',
    reason: 'cloud_name_conflict',
    text: "Error creating instance: googleapi: Error 409: The resource 'projects/p/zones/us-central1-b/instances/kots-field-labs-squid-proxy' already exists, alreadyExists",
    source: `${github}/replicatedhq/replicated-field-labs/issues/31`,
  },

  // azure
  {
    cloud: 'azure',
    reason: 'cloud_capacity',
    text: "performing CreateOrUpdate: unexpected status 409 (409 Conflict) with error: SkuNotAvailable: The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_B2s' is currently not available in location 'eastus'. Please try another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for details.",
    source: `${github}/Azure-Samples/azuresandbox/issues/70`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_capacity',
    text: 'Status: "OverconstrainedZonalAllocationRequest"\nCode: ""\nMessage: "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive. Please remove some constraints and try again. Constraints applied are:\\n  - Availability Zone\\n  - VM Size\\n"',
    source: `${github}/jenkins-infra/azure/pull/1416`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_capacity',
    text: '"code": "AllocationFailed", "message": "Allocation failed. Please try reducing the VM size or number of VMs, retry later, or try deploying to a different Availability Set or different Azure location."',
    source: `${github}/Azure/azure-cli/issues/2401`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_quota',
    text: 'RESPONSE 409: 409 Conflict\nERROR CODE: OperationNotAllowed\n{ "error": { "code": "OperationNotAllowed", "message": "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional details - Deployment Model: Resource Manager, Location: KoreaSouth, Current Limit: 50, Current Usage: 50, Additional Required: 2, (Minimum) New Limit Required: 52." } }',
    source: `${github}/cloud-barista/cb-spider/issues/1558`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_quota',
    text: 'Code=PublicIPCountLimitReached\nMessage=Cannot create more than 50 public IP addresses for this subscription in this region.',
    source: `${github}/openshift/release/pull/12840`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_quota',
    text: 'Service returned an error. Status=409 Code="OperationNotAllowed" Message="Operation results in exceeding quota limits of Core. Maximum allowed: 20, Current in use: 20, Additional requested: 2."',
    source: `${github}/hashicorp/terraform/issues/10056`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_rate_limited',
    text: 'RESPONSE 429: 429 Too Many Requests\nERROR CODE: ResourceRequestsThrottled\n{ "error": { "code": "ResourceRequestsThrottled", "message": "Number of requests for Microsoft.Authorization exceeded the limit of \'120\' for time interval \'00:01:00\'. Please try again after \'5\' seconds." } }',
    source: `${github}/Azure/alzlib/issues/168`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_rate_limited',
    text: 'RESPONSE 429: 429 Too Many Requests\nERROR CODE: RetryableError\n{ "error": { "code": "RetryableError", "message": "A retryable error occurred.", "details": [ { "code": "RetryableErrorDueToAnotherOperation", "message": "Operation PutSubnetOperation (x) is updating resource /subscriptions/x/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vn. The call can be retried in 14 seconds." } ] } }',
    source: `${github}/pulumi/pulumi-azure-native/issues/3720`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_rate_limited',
    text: `{"error":{"code":"SubscriptionRequestsThrottled","message":"Number of write requests for subscription '0' exceeded the limit of '1200' for time interval '01:00:00'. Please try again after '5' minutes."}}`,
    source: `${github}/Azure/azure-sdk-for-java/issues/1389`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_credentials_expired',
    text: `DefaultAzureCredential authentication failed. failed to acquire a token.\nAttempted credentials:\n\tClientSecretCredential authentication failed. error: reply status code was 401:\n{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app '***' are expired."}`,
    source: `${github}/crc-org/crc/issues/4377`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_permission_missing',
    text: `cannot check existence of resource '/subscriptions/x/resourcegroups/rg': status code 403, {"error":{"code":"AuthorizationFailed","message":"The client 'c' with object id 'o' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourcegroups/read' over scope '/subscriptions/x/resourcegroups/rg' or the scope is invalid. If access was recently granted, please refresh your credentials."}}`,
    source: `${github}/pulumi/pulumi/issues/8993`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_name_conflict',
    text: 'cannot create already existing resource',
    source: `${github}/pulumi/pulumi-azure-native/issues/1123`,
  },
  {
    cloud: 'azure',
    reason: 'cloud_name_conflict',
    text: "Error: Code=InvalidResourceLocation; Message=The resource 'gmjentstore1gmj02102021' already exists in location 'centralus' in resource group 'myResourceGroup'. A resource with the same name cannot be created in location 'eastus'. Please select a new resource name.",
    source: `${github}/MicrosoftDocs/azure-docs/issues/70422`,
  },
];
