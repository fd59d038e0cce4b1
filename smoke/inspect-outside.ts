import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fetch } from 'undici';
import { readHostHealth } from '../src/activities/hosting/read-host-health.ts';
import { hostPorts } from '../src/contracts/host-contract.ts';
import type { PrivateServerSpec, StackOutputs } from '../src/contracts/stack.ts';
import { monotonic } from '../src/runtime/clock.ts';
import { type Reach, reachFromEnvironment } from '../src/runtime/reach.ts';
import type { Check } from './report.ts';
import type { Testbed } from './testbed.ts';

/** A server as seen from the internet. */
export interface OutsideView {
  spec: PrivateServerSpec;
  outputs: StackOutputs;
  simulated: boolean;
  testbed: Pick<Testbed, 'licenceIsPublic' | 'activations'>;
  env: NodeJS.ProcessEnv;
  /** Aborts the checks with its reason. */
  signal: AbortSignal;
}

/** How long each check may take to pass, ms. */
const timeout = {
  /** A resolver may cache for some minutes that a name did not exist. */
  dns: 300_000,
  /** First boot: system, tools, certificate. */
  https: 900_000,
  product: 300_000,
  /** For the product, if it cannot reach its licence server. */
  productAlone: 120_000,
  activation: 120_000,
};
const pollIntervalMs = 1_000;
const answerWithinMs = 5_000;

/** DNS, TLS, product, licence and ports, in this order: each depends on the previous one. */
export async function checkFromOutside(view: OutsideView): Promise<Check[]> {
  const reach = reachFromEnvironment(view.env);
  try {
    const dns = await checkDns(view, reach);
    const https = await checkHttps(view, reach);
    return [
      dns,
      https,
      await checkProduct(view, { reach, https }),
      await checkActivation(view),
      ...(await checkPorts(view)),
    ];
  } finally {
    await reach.close();
  }
}

/** Polls until there is an answer, or the timeout or the run ends; then returns `last`. */
async function until<T>(
  { limitMs, signal }: { limitMs: number; signal: AbortSignal },
  look: () => Promise<{ done: T } | { not: T }>,
): Promise<T> {
  const end = monotonic() + limitMs;
  for (;;) {
    const seen = await look();
    if ('done' in seen) return seen.done;
    if (monotonic() > end) return seen.not;
    await delay(pollIntervalMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function checkDns({ spec, outputs, simulated, signal }: OutsideView, reach: Reach): Promise<Check> {
  const what = 'DNS answers the hostname';
  const [hostname] = spec.hostnames as [string];
  const wanted = [...outputs.addresses].sort().join(', ');
  return until<Check>({ limitMs: timeout.dns, signal }, async () => {
    const answer = await reach.resolve(hostname).then(
      (addresses) => [...addresses].sort().join(', '),
      (error: NodeJS.ErrnoException) => `nothing (${error.code})`,
    );
    if (answer === wanted) return { done: { what, result: 'passed', detail: `${hostname} is ${answer}` } };
    if (simulated && answer !== '' && !answer.startsWith('nothing')) {
      const detail = `${hostname} resolves to ${answer} instead of ${wanted}`;
      return { done: { what, result: 'passed', detail } };
    }
    return { not: { what, result: 'failed', detail: `${hostname} is ${answer || 'nothing'}, not ${wanted}` } };
  });
}

function hostUrl(hostname: string, env: NodeJS.ProcessEnv): string {
  const port = env.FREEHOLD_HOST_PORT || '443';
  return `https://${hostname}${port === '443' ? '' : `:${port}`}`;
}

/** Any answer over trusted TLS counts: what answers is another check. */
async function checkHttps({ spec, env, signal }: OutsideView, { dispatcher }: Reach): Promise<Check> {
  const what = 'HTTPS answers with a trusted certificate';
  const url = new URL('/healthz', hostUrl(spec.hostnames[0]!, env));
  return until<Check>({ limitMs: timeout.https, signal }, async () => {
    try {
      const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(answerWithinMs) });
      await response.body?.cancel();
      return { done: { what, result: 'passed', detail: `${url} answered ${response.status}` } };
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string; message?: string } };
      return { not: { what, result: 'failed', detail: `${url}: ${cause?.code ?? cause?.message ?? name}` } };
    }
  });
}

async function checkProduct(
  { spec, env, signal, testbed }: OutsideView,
  { reach, https }: { reach: Reach; https: Check },
): Promise<Check> {
  const what = 'the product answers as this instance';
  if (https.result !== 'passed') return { what, result: 'not_checked', detail: 'HTTPS does not answer' };
  const expected = {
    ...{ instanceId: spec.instanceId, hostname: spec.hostnames[0]! },
    versions: spec.nodes.flatMap(({ machines }) => machines.map(({ image }) => image)),
  };
  const limitMs = testbed.licenceIsPublic ? timeout.product : timeout.productAlone;
  return until<Check>({ limitMs, signal }, async () => {
    const problem = await readHostHealth({ reach, hostUrl: (hostname) => hostUrl(hostname, env) }, expected).catch(
      (error: Error) => error,
    );
    if (!problem) return { done: { what, result: 'passed', detail: `version ${expected.versions.join(', ')}` } };
    if (testbed.licenceIsPublic) return { not: { what, result: 'failed', detail: problem.message } };
    const reason = 'it may lack its image or its licence, whose server only this machine can reach';
    return { not: { what, result: 'not_checked', detail: `${problem.message}; ${reason}` } };
  });
}

async function checkActivation({ spec, signal, testbed }: OutsideView): Promise<Check> {
  const what = 'the licence server has seen the node';
  if (!testbed.licenceIsPublic) {
    const detail = 'only this machine can reach the licence server of this run (set LICENCE_SERVER_URL)';
    return { what, result: 'not_checked', detail };
  }
  return until<Check>({ limitMs: timeout.activation, signal }, async () => {
    const seats = await testbed.activations(spec.instanceId);
    if (seats === spec.nodes.length) return { done: { what, result: 'passed', detail: `${seats} seat is held` } };
    return { not: { what, result: 'failed', detail: `${seats} seats are held, not ${spec.nodes.length}` } };
  });
}

/** Ports that are often left open, besides the two remote login ports. */
const others = [21, 23, 25, 111, 139, 445, 1883, 2375, 2376, 3306, 5432, 6379, 8080, 8443, 9090, 27_017];

async function checkPorts({ outputs, simulated }: OutsideView): Promise<Check[]> {
  const [address] = outputs.addresses;
  if (simulated || !address) {
    const detail = simulated ? 'the addresses of a simulated cloud are not routed' : 'the server has no address';
    return portChecks.map((what) => ({ what, result: 'not_checked', detail }));
  }
  const own = hostPorts.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port);
  const ask = async (port: number) => ({ port, answer: await probePort({ host: address, port }) });
  return judgePorts(await Promise.all([...own, 22, 3389, ...others].map(ask)));
}

/** The answer of a port: a cloud's firewall is `silent` for ports that it blocks. */
export type PortAnswer = 'open' | 'refused' | 'silent';

const knockMs = 6_000;

/** Connects to a TCP port once. Never throws: an unreachable address counts as silent. */
export function probePort({ host, port }: { host: string; port: number }): Promise<PortAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (said: PortAnswer) => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(knockMs, () => answer('silent'));
    socket.once('connect', () => answer('open'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => answer(code === 'ECONNREFUSED' ? 'refused' : 'silent'));
  });
}

const portChecks = [
  'ports of the host contract are open',
  'SSH and remote desktop are closed',
  'all other ports are closed',
  'HTTP/3 (UDP 443) is open',
] as const;

/**
 * Interprets the answers of ports. A refusal has passed the firewall, or comes from something on the way: for a port of
 * the contract that is enough, for any other it proves nothing. While nothing at all answers, silence proves nothing.
 */
export function judgePorts(answers: readonly { port: number; answer: PortAnswer }[]): Check[] {
  const contract = new Set<number>(hostPorts.map(({ port }) => port));
  const where = (ports: readonly { port: number }[]) => ports.map(({ port }) => port).join(', ');
  const own = answers.filter(({ port }) => contract.has(port));
  const silent = own.filter(({ answer }) => answer === 'silent');
  const isReached = own.some(({ answer }) => answer === 'open');

  function closed(what: string, asked: typeof answers): Check {
    const open = asked.filter(({ answer }) => answer === 'open');
    if (open.length > 0) return { what, result: 'failed', detail: `open: ${where(open)}` };
    if (!isReached)
      return { what, result: 'not_checked', detail: 'nothing of the server answers, so silence says nothing' };
    const refused = asked.filter(({ answer }) => answer === 'refused');
    if (refused.length === 0) return { what, result: 'passed', detail: `silent: ${where(asked)}` };
    const detail = `refused: ${where(refused)}; by the server behind an open firewall, or by something in between`;
    return { what, result: 'not_checked', detail };
  }

  const login = (port: number) => port === 22 || port === 3389;
  const foreign = answers.filter(({ port }) => !contract.has(port));
  return [
    silent.length > 0
      ? { what: portChecks[0], result: 'failed', detail: `silent: ${where(silent)}` }
      : {
          what: portChecks[0],
          result: 'passed',
          detail: own.map(({ port, answer }) => `${port} ${answer}`).join(', '),
        },
    closed(
      portChecks[1],
      foreign.filter(({ port }) => login(port)),
    ),
    closed(
      portChecks[2],
      foreign.filter(({ port }) => !login(port)),
    ),
    { what: portChecks[3], result: 'not_checked', detail: 'only TCP is tested' },
  ];
}
