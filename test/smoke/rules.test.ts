import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { readArguments } from '../../smoke/arguments.ts';
import { defaultRegion, estimateRun } from '../../smoke/estimate.ts';
import { tagFaults } from '../../smoke/inspect-inside.ts';
import { judgePorts, type PortAnswer, probePort } from '../../smoke/inspect-outside.ts';
import { accountOf, isSimulated } from '../../smoke/preflight.ts';
import { type CloudResult, exitCodeOf } from '../../smoke/report.ts';
import { specOf } from '../../smoke/smoke-cloud.ts';
import { siblingDatabase } from '../../smoke/testbed.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { planCost } from '../../src/domain/catalogue/cloud-costs.ts';
import { cloudCosts, exchangeRate } from '../../src/domain/catalogue/cloud-costs-data.ts';

/** What a smoke run decides without asking anybody. */

describe('ports', () => {
  const judge = (answers: Record<number, PortAnswer>) =>
    Object.fromEntries(
      judgePorts(Object.entries(answers).map(([port, answer]) => ({ port: Number(port), answer }))).map(
        ({ what, result }) => [what, result],
      ),
    );
  const contract = 'ports of the host contract are open';
  const logins = 'SSH and remote desktop are closed';
  const others = 'all other ports are closed';

  test('silence behind a server that answers is a closed port', () => {
    const seen = judge({ 80: 'open', 443: 'open', 8883: 'refused', 22: 'silent', 3389: 'silent', 3306: 'silent' });
    expect(seen).toMatchObject({ [contract]: 'passed', [logins]: 'passed', [others]: 'passed' });
  });

  test('an open port fails whatever else is seen', () => {
    const seen = judge({ 80: 'silent', 443: 'silent', 8883: 'silent', 22: 'open', 3389: 'silent', 3306: 'open' });
    expect(seen).toMatchObject({ [contract]: 'failed', [logins]: 'failed', [others]: 'failed' });
  });

  test('a refusal proves nothing, nor does silence of a server that answers nowhere', () => {
    const refused = judge({ 80: 'open', 443: 'open', 8883: 'open', 22: 'refused', 3389: 'silent', 3306: 'refused' });
    expect(refused).toMatchObject({ [contract]: 'passed', [logins]: 'not_checked', [others]: 'not_checked' });
    const dead = judge({
      80: 'refused',
      443: 'refused',
      8883: 'refused',
      22: 'silent',
      3389: 'silent',
      3306: 'silent',
    });
    expect(dead).toMatchObject({ [logins]: 'not_checked', [others]: 'not_checked' });
  });

  test('a firewall that lets a port of the contract not through fails', () => {
    const seen = judge({ 80: 'open', 443: 'open', 8883: 'silent', 22: 'silent', 3389: 'silent', 3306: 'silent' });
    expect(seen).toMatchObject({ [contract]: 'failed', [logins]: 'passed' });
  });

  test('what only UDP could tell is never passed', () => {
    const seen = judge({ 80: 'open', 443: 'open', 8883: 'open', 22: 'silent', 3389: 'silent', 3306: 'silent' });
    expect(seen['HTTP/3 (UDP 443) is open']).toBe('not_checked');
  });

  test('knocking tells an open port from one at which nobody listens', async () => {
    const server: Server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    expect(await probePort({ host: '127.0.0.1', port })).toBe('open');
    server.close();
    await once(server, 'close');
    expect(await probePort({ host: '127.0.0.1', port })).toBe('refused');
  });
});

test.each([
  [['local'], 'local is not a billed cloud'],
  [['--ceiling', '0', 'aws'], '--ceiling 0 must be a number'],
  [['--minutes', 'long', 'aws'], '--minutes long must be a number'],
  [['--minutes', '601', 'aws'], '--minutes 601 must be a number'],
  [['--region', 'moon', 'aws'], 'aws has no region moon'],
  [['--region', 'us-east-1'], '--region is for one cloud'],
  [['--no-such-thing'], '--no-such-thing'],
])('the arguments %j are refused with a sentence', (args, sentence) => {
  expect(() => readArguments(args)).toThrow(sentence);
});

describe('the estimate', () => {
  const clouds = ['aws', 'digitalocean', 'gcp', 'azure'] as const;

  test.each(clouds)('of %s is that of begun hours in the region of its price list, and never less', (cloud) => {
    const region = defaultRegion(cloud);
    const { costCents } = planCost(
      { plan: 'MAKER', cloud, nodes: 1 },
      { catalogue, costs: cloudCosts, exchange: exchangeRate },
    );
    const { cents, hours } = estimateRun({ cloud, region, minutes: 30 });
    expect(hours).toBe(1);
    expect(cents).toBeGreaterThanOrEqual(costCents / 730);
    expect(cents).toBeLessThan(costCents / 730 + 1);
    expect(estimateRun({ cloud, region, minutes: 46 }).hours).toBe(2);
  });

  test('is higher where the region is another one than that of the list', () => {
    const [here, there] = ['us-east-1', 'sa-east-1'].map((region) =>
      estimateRun({ cloud: 'aws', region, minutes: 600 }),
    );
    expect(there!.cents).toBeGreaterThan(here!.cents * 1.45);
    expect(defaultRegion('aws')).toBe('us-east-1');
    expect(defaultRegion('digitalocean')).toBe('ams3');
  });

  test('of all clouds stays below the usual ceiling', () => {
    const { ceilingCents, clouds: all, minutes } = readArguments([]);
    const sum = all.reduce(
      (cents, cloud) => cents + estimateRun({ cloud, region: defaultRegion(cloud), minutes }).cents,
      0,
    );
    expect({ ceilingCents, minutes, count: all.length }).toEqual({ ceilingCents: 50, minutes: 30, count: 4 });
    expect(sum).toBeLessThan(ceilingCents);
  });
});

describe('the exit code', () => {
  const of = (results: CloudResult['result'][], remembered: unknown[] = []) =>
    exitCodeOf({ clouds: results.map((result) => ({ result }) as CloudResult), remembered: remembered as never[] });

  test('is 0 only where every cloud passed and nothing is remembered', () => {
    expect(of(['passed', 'passed'])).toBe(0);
    expect(of(['passed', 'skipped'])).toBe(3);
    expect(of(['skipped', 'refused', 'passed'])).toBe(4);
    expect(of(['failed', 'refused', 'skipped'])).toBe(1);
    expect(of(['passed'], [{}])).toBe(1);
  });
});

describe('a cloud', () => {
  test('counts as simulated as soon as something else answers for it', () => {
    expect(isSimulated('aws', {})).toBe(false);
    expect(isSimulated('aws', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toBe(true);
    expect(isSimulated('aws', { AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:1' })).toBe(true);
    expect(isSimulated('aws', { AWS_ENDPOINT_URL: '', DIGITALOCEAN_API_URL: 'http://127.0.0.1:1' })).toBe(false);
    expect(isSimulated('digitalocean', { DIGITALOCEAN_API_URL: 'http://127.0.0.1:1' })).toBe(true);
    expect(isSimulated('gcp', { GOOGLE_COMPUTE_CUSTOM_ENDPOINT: 'http://127.0.0.1:1' })).toBe(true);
    expect(isSimulated('azure', { AZURE_RESOURCE_MANAGER_URL: 'http://127.0.0.1:1' })).toBe(true);
    expect(isSimulated('gcp', { FREEHOLD_SIMULATED_CLOUDS: 'aws, gcp' })).toBe(true);
  });

  test('is the same account whoever of it asks', () => {
    const arn = 'arn:aws:sts::123456789012:assumed-role/smoke';
    expect(accountOf(`${arn}/one`)).toBe(accountOf(`${arn}/two`));
    expect(accountOf(`${arn}/one`)).not.toBe(accountOf('arn:aws:iam::210987654321:user/smoke'));
    expect(accountOf('project one')).toBe('project one');
  });
});

test('the server of a run has a name of its own under the domain of its cloud', () => {
  const [one, two] = [1, 2].map(() => specOf({ cloud: 'aws', region: 'us-east-1', baseDomain: 'example.org' }));
  expect(one!.hostnames[0]).toMatch(/^smoke-[0-9a-z]{8}\.aws\.example\.org$/);
  expect(one!.hostnames).not.toEqual(two!.hostnames);
  expect(one!.nodes).toHaveLength(1);
});

test('a list by tag lacks what is not in it and what lacks its logical name', () => {
  const spec = specOf({ cloud: 'aws', region: 'us-east-1', baseDomain: 'example.org' });
  const [hostname] = spec.hostnames as [string];
  const outputs = { serverIds: ['i-1'], volumeIds: ['vol-1'] };
  const whole = [
    { id: 'I-1', kind: 'instance', resource: 'host-node-1-m1', role: 'host' as const },
    { id: 'vol-1', kind: 'volume', resource: 'volume-node-1', role: 'volume' as const },
    { id: 'r', kind: 'record', resource: `record-${hostname}`, role: 'record' as const },
  ];
  expect(tagFaults(whole, { spec, outputs })).toEqual([]);
  expect(tagFaults(whole.slice(1), { spec, outputs })).toEqual(['i-1 is not listed']);
  expect(tagFaults(whole.slice(0, 2), { spec, outputs })).toEqual([`the record of ${hostname} is not listed`]);
  const nameless = { id: 'sg-1', kind: 'security-group', resource: '', role: 'other' as const };
  expect(tagFaults([...whole, nameless], { spec, outputs })).toEqual(['security-group sg-1 lacks its logical name']);
});

test('the database of a run lies beside that of an installation', () => {
  expect(siblingDatabase('mongodb://a:b@h1,h2/freehold?replicaSet=r')).toBe(
    'mongodb://a:b@h1,h2/freehold-smoke?replicaSet=r',
  );
  expect(siblingDatabase('mongodb://127.0.0.1:1')).toBe('mongodb://127.0.0.1:1/freehold-smoke');
  expect(() => siblingDatabase('h')).toThrow('MONGODB_URI');
});
