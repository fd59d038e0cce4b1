import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { doublesEnvironment } from '../../emulators/clouds/environment.ts';
import { findCloud } from '../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { awsActions } from '../../src/stacks/aws/permissions.ts';
import { awsView, principalOf } from '../../src/stacks/aws/view.ts';
import { azureActions } from '../../src/stacks/azure/permissions.ts';
import { azureView, grants } from '../../src/stacks/azure/view.ts';
import type { CloudView } from '../../src/stacks/cloud-view.ts';
import { digitaloceanScopes, readable } from '../../src/stacks/digitalocean/permissions.ts';
import { digitaloceanView } from '../../src/stacks/digitalocean/view.ts';
import { gcpPermissions } from '../../src/stacks/gcp/permissions.ts';
import { gcpView } from '../../src/stacks/gcp/view.ts';
import { inspectCloud } from '../../src/stacks/inspect-cloud.ts';
import { localView } from '../../src/stacks/local/view.ts';
import { startCloud } from '../support/small-cloud.ts';

/** A fake API of any cloud, scripted by a test: a real HTTP server that answers as the API's reference says. */
interface Asked {
  method: string;
  path: string;
  body: string;
  token: string | undefined;
}
type Answer = { status?: number; body: unknown };
let server: Server;
let base: string;
let answer: (asked: Asked) => Answer;
let asked: Asked[] = [];

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const call = { method, path: url, body: await bodyOf(request), token: headers.authorization };
    asked.push(call);
    const { status = 200, body } = answer(call);
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/xml' : 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});
beforeEach(() => {
  asked = [];
});

const inspect = (name: string, view: CloudView, secrets: string[] = []) =>
  inspectCloud(findCloud(name, catalogue), { open: async () => view, secrets });
const home = { HOME: '/nowhere' };

describe('digitalocean', () => {
  const env = {
    ...home,
    get DIGITALOCEAN_API_URL() {
      return base;
    },
    DIGITALOCEAN_TOKEN: 'dop_v1_token',
  };
  const sizes = Object.values(findCloud('digitalocean', catalogue).sizes).map((slug) => ({
    ...{ slug, available: true, regions: findCloud('digitalocean', catalogue).regions.map(({ name }) => name) },
  }));
  const whole = ({ path }: Asked): Answer =>
    path.startsWith('/v2/account')
      ? { body: { account: { uuid: 'acc-1', email: 'a@b.example' } } }
      : path.startsWith('/v2/sizes')
        ? { body: { sizes } }
        : { body: {} };

  test('ready where every size is there and reading is allowed; what cannot be asked is said', async () => {
    answer = whole;
    const report = await inspect('digitalocean', digitaloceanView(env));
    expect(report).toMatchObject({
      ...{ state: 'ready', credentials: 'environment (DIGITALOCEAN_TOKEN)', identity: 'account acc-1', problem: null },
      permissions: { asked: digitaloceanScopes.length, missing: [] },
    });
    expect(report.permissions.unchecked).toContain('droplet:create');
    expect(report.permissions.unchecked).toHaveLength(digitaloceanScopes.length - Object.keys(readable).length);
    expect(new Set(asked.map(({ token }) => token))).toEqual(new Set(['Bearer dop_v1_token']));
    expect(asked.every(({ method }) => method === 'GET')).toBe(true);
  });

  test('incomplete where a scope or a size is missing', async () => {
    answer = (call) => {
      if (call.path.startsWith('/v2/firewalls')) return { status: 403, body: { id: 'forbidden' } };
      if (call.path.startsWith('/v2/sizes')) return { body: { sizes: sizes.slice(1) } };
      return whole(call);
    };
    const report = await inspect('digitalocean', digitaloceanView(env));
    expect(report).toMatchObject({ state: 'incomplete', permissions: { missing: ['firewall:read'] } });
    expect(report.regions.find(({ name }) => name === 'ams3')).toEqual({ name: 'ams3', lacks: [sizes[0]!.slug] });
  });

  test('refused with the reason, and without the token, where it is not accepted', async () => {
    answer = ({ token }) => ({
      ...{ status: 401, body: { id: 'Unauthorized', message: `Unable to authenticate you, ${token}` } },
    });
    const report = await inspect('digitalocean', digitaloceanView(env), [env.DIGITALOCEAN_TOKEN]);
    expect(report).toMatchObject({ state: 'refused', problem: { reason: 'cloud_credentials_expired' } });
    expect(JSON.stringify(report)).not.toContain(env.DIGITALOCEAN_TOKEN);
    expect(report.problem!.detail).toContain('[secret]');
  });

  test('not configured without a token; nothing is asked', async () => {
    const report = await inspect('digitalocean', digitaloceanView(home));
    expect(report).toMatchObject({ state: 'not_configured', problem: { reason: 'cloud_not_enabled' } });
    expect(asked).toEqual([]);
  });
});

describe('gcp', () => {
  const env = () => ({
    ...{ ...home, GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.token', GOOGLE_PROJECT: 'freehold-1' },
    ...{ GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT: `${base}/v1/`, GOOGLE_COMPUTE_CUSTOM_ENDPOINT: `${base}/compute/` },
  });
  const sizes = Object.values(findCloud('gcp', catalogue).sizes);

  test('asks which permissions it has, 100 at a time, and each zone for its machine types', async () => {
    answer = ({ path, body }) => {
      if (path.endsWith(':testIamPermissions')) {
        const { permissions } = JSON.parse(body) as { permissions: string[] };
        expect(permissions.length).toBeLessThanOrEqual(100);
        return { body: { permissions: permissions.filter((each) => each !== 'compute.disks.create') } };
      }
      if (path.includes('/regions/')) return { body: { zones: [`${base}/zones/z1`, `${base}/zones/z2`] } };
      // A size counts if one zone of the region offers it.
      if (path.includes('/zones/z1/')) return { body: { items: sizes.slice(0, 2).map((name) => ({ name })) } };
      if (path.includes('/zones/z2/')) return { body: { items: sizes.slice(1).map((name) => ({ name })) } };
      return { body: { projectId: 'freehold-1' } };
    };
    const report = await inspect('gcp', gcpView(env()));
    expect(report).toMatchObject({
      ...{ state: 'incomplete', identity: 'project freehold-1' },
      permissions: { asked: gcpPermissions.length, missing: ['compute.disks.create'], unchecked: [] },
    });
    expect(report.regions.every(({ lacks }) => lacks?.length === 0)).toBe(true);
  });

  test('a region that does not answer leaves the others', async () => {
    answer = ({ path }) => {
      if (path.includes('/regions/us-east1')) return { status: 503, body: {} };
      if (path.includes('/regions/')) return { body: { zones: ['z'] } };
      if (path.includes('/zones/')) return { body: { items: sizes.map((name) => ({ name })) } };
      return path.endsWith('Permissions') ? { body: { permissions: gcpPermissions } } : { body: {} };
    };
    const report = await inspect('gcp', gcpView(env()));
    expect(report.state).toBe('incomplete');
    expect(report.regions.filter(({ lacks }) => lacks === null).map(({ name }) => name)).toEqual(['us-east1']);
  });
});

describe('azure', () => {
  const credential = { getToken: async () => ({ token: 'eyJ.token', expiresOnTimestamp: 0 }) };
  const env = () => ({
    ...home,
    AZURE_RESOURCE_MANAGER_URL: base,
    ARM_SUBSCRIPTION_ID: 'sub-1',
    ARM_CLIENT_SECRET: 's',
  });
  const sizes = Object.values(findCloud('azure', catalogue).sizes);
  const vm = (name: string, restrictions: object[] = []) => ({ name, resourceType: 'virtualMachines', restrictions });

  test('reads every page of roles and sizes, and leaves out what it may not use', async () => {
    answer = ({ path }) => {
      if (path.includes('/permissions')) {
        return path.includes('page=2')
          ? { body: { value: [{ actions: ['Microsoft.Network/*'], notActions: ['*/dnsZones/*'] }] } }
          : {
              body: {
                value: [{ actions: ['Microsoft.Compute/*', 'Microsoft.Resources/*', '*/read'], notActions: [] }],
                nextLink: `${base}/permissions?page=2`,
              },
            };
      }
      if (path.includes('/skus')) {
        const [first, ...others] = sizes;
        return { body: { value: [vm(first!, [{ type: 'Location' }]), ...others.map((name) => vm(name))] } };
      }
      return { body: { subscriptionId: 'sub-1', displayName: 'Freehold' } };
    };
    const report = await inspect('azure', azureView(env(), credential));
    expect(report.identity).toBe('subscription sub-1');
    expect(report.permissions).toEqual({
      asked: azureActions.length,
      missing: [
        ...['Microsoft.Network/dnsZones/A/write', 'Microsoft.Network/dnsZones/A/delete'],
        'Microsoft.DataProtection/backupVaults/backupInstances/write',
        'Microsoft.DataProtection/backupVaults/backupInstances/delete',
        'Microsoft.DataProtection/backupVaults/validateForBackup/action',
      ],
      unchecked: [],
    });
    expect(report.regions[0]).toEqual({ name: 'westeurope', lacks: [sizes[0]] });
  });

  test.each([
    ['Microsoft.Compute/disks/write', true],
    ['microsoft.compute/DISKS/write', true],
    ['Microsoft.Compute/disks/delete', false],
    ['Microsoft.ComputeX/disks/write', false],
  ])('a role with patterns and exceptions: %s is %s', (action, expected) => {
    expect(grants({ actions: ['Microsoft.Compute/*'], notActions: ['*/delete'] }, action)).toBe(expected);
  });
});

describe('aws', () => {
  const keys = {
    ...{ AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-of-the-key' },
    ...{ AWS_EC2_METADATA_DISABLED: 'true', AWS_MAX_ATTEMPTS: '1' },
  };
  const before = { ...process.env };
  beforeAll(() => void Object.assign(process.env, keys, { AWS_ENDPOINT_URL: base }));
  afterAll(() => {
    for (const name of [...Object.keys(keys), 'AWS_ENDPOINT_URL']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  const sizes = Object.values(findCloud('aws', catalogue).sizes);
  const identity = (arn: string) =>
    `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  const whole = ({ body }: Asked): Answer => {
    const parameters = new URLSearchParams(body);
    switch (parameters.get('Action')) {
      case 'GetCallerIdentity':
        return { body: identity('arn:aws:sts::123456789012:assumed-role/freehold/worker-1') };
      case 'SimulatePrincipalPolicy': {
        expect(parameters.get('PolicySourceArn')).toBe('arn:aws:iam::123456789012:role/freehold');
        const names = [...parameters].filter(([key]) => key.startsWith('ActionNames.')).map(([, value]) => value);
        const members = names.map((name) => {
          const decision = name === 'ec2:RunInstances' ? 'implicitDeny' : 'allowed';
          return `<member><EvalActionName>${name}</EvalActionName><EvalDecision>${decision}</EvalDecision></member>`;
        });
        const results = `<EvaluationResults>${members.join('')}</EvaluationResults><IsTruncated>false</IsTruncated>`;
        return {
          body: `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>${results}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
        };
      }
      default: {
        const items = sizes.map((size) => `<item><instanceType>${size}</instanceType></item>`).join('');
        return {
          body: `<DescribeInstanceTypeOfferingsResponse><instanceTypeOfferingSet>${items}</instanceTypeOfferingSet></DescribeInstanceTypeOfferingsResponse>`,
        };
      }
    }
  };

  test('simulates its role through the real SDK, action by action', async () => {
    answer = whole;
    const report = await inspect('aws', awsView({ ...home, ...keys }));
    expect(report).toMatchObject({
      ...{ state: 'incomplete', credentials: 'environment (AWS_ACCESS_KEY_ID)', problem: null },
      permissions: { asked: awsActions.length, missing: ['ec2:RunInstances'], unchecked: [] },
    });
    const simulated = asked.flatMap(({ body }) =>
      [...new URLSearchParams(body)].filter(([key]) => key.startsWith('ActionNames.')).map(([, value]) => value),
    );
    expect([...new Set(simulated)].sort()).toEqual([...awsActions].sort());
    expect(report.regions.map(({ lacks }) => lacks)).toEqual(report.regions.map(() => []));
    expect(asked.map(({ body }) => body).join()).not.toContain(keys.AWS_SECRET_ACCESS_KEY);
  });

  test('who may not simulate is told that alone, and that the rest is not known', async () => {
    answer = (call) =>
      call.body.includes('SimulatePrincipalPolicy')
        ? {
            status: 403,
            body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: iam:SimulatePrincipalPolicy</Message></Error></ErrorResponse>',
          }
        : whole(call);
    const { permissions } = await inspect('aws', awsView({ ...home, ...keys }));
    expect(permissions.missing).toEqual(['iam:SimulatePrincipalPolicy']);
    expect(permissions.unchecked).toHaveLength(awsActions.length - 1);
  });

  test('a session whose token has expired is refused with that reason', async () => {
    answer = () => ({
      status: 403,
      body: '<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>',
    });
    const report = await inspect('aws', awsView({ ...home, ...keys }));
    expect(report).toMatchObject({ state: 'refused', problem: { reason: 'cloud_credentials_expired' } });
  });

  test('people are not named by their addresses', async () => {
    const arn = 'arn:aws:sts::123456789012:assumed-role/freehold/ada.lovelace@example.com';
    answer = (call) => (call.body.includes('GetCallerIdentity') ? { body: identity(arn) } : whole(call));
    const report = await inspect('aws', awsView({ ...home, ...keys }));
    expect(report.identity).toBe('arn:aws:sts::123456789012:assumed-role/freehold/[e-mail address]');
  });

  test('users and roles are simulated as themselves', () => {
    expect(principalOf('arn:aws:iam::1:user/freehold')).toBe('arn:aws:iam::1:user/freehold');
    expect(principalOf('arn:aws-cn:sts::1:assumed-role/a/b')).toBe('arn:aws-cn:iam::1:role/a');
  });
});

describe('the double of AWS in the small cloud', () => {
  const before = { ...process.env };
  afterAll(() => {
    for (const name of Object.keys(process.env))
      if (name.startsWith('AWS_') && !(name in before)) delete process.env[name];
  });

  test('is ready, as itself', async () => {
    const cloud = await startCloud();
    try {
      const env = doublesEnvironment({ cloudUrl: cloud.url, path: '', cacheFolder: cloud.folder });
      const settings = Object.entries(env).filter(([name]) => name.startsWith('AWS_'));
      Object.assign(process.env, Object.fromEntries(settings));
      expect(await inspect('aws', awsView({ ...home, ...env }))).toMatchObject({
        ...{ state: 'ready', identity: 'arn:aws:iam::000000000000:user/double' },
        permissions: { asked: awsActions.length, missing: [], unchecked: [] },
      });
    } finally {
      await cloud.stop();
    }
  }, 30_000);
});

test('local: the real small cloud, with its token and with another', async () => {
  const cloud = await startCloud();
  try {
    const env = { LOCAL_CLOUD_URL: cloud.url, LOCAL_CLOUD_TOKEN: cloud.token };
    expect(await inspect('local', localView(env))).toMatchObject({ state: 'ready', problem: null });
    const wrong = await inspect('local', localView({ ...env, LOCAL_CLOUD_TOKEN: 'another' }));
    expect(wrong).toMatchObject({ state: 'refused', problem: { reason: 'cloud_credentials_expired' } });
  } finally {
    await cloud.stop();
  }
}, 30_000);
