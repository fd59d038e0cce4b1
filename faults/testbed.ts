import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { createCustomer } from '../src/embedded/demo/customer.ts';
import { type Platform, startPlatform } from '../src/embedded/platform.ts';
import { createReach } from '../src/runtime/reach.ts';
import { clientAt, proxyAddress, startReverseProxy } from '../test/support/reverse-proxy.ts';
import { type Bought, cardNumbers, type Shop } from './buyer.ts';
import { collectEvidence } from './collect-evidence.ts';
import type { CustomerFact, Evidence } from './evidence.ts';
import { createFaultInjector, type FaultInjector } from './inject-fault.ts';
import { type Violation, violationsOf } from './invariants/all.ts';
import { workAsOperator } from './operator-on-duty.ts';
import { persist } from './persist.ts';
import { processesOf } from './platform-processes.ts';

/** Limits and deadlines of a run; everything else is as in production. */
export interface RunLimits {
  awaitPaymentMs: number;
  operatorWindowMs: number;
  /** Deadline of the steps between payment and delivery. */
  stepMs: number;
}

const declines = 3;
const interruptions = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * All orders come from one address: its limits are raised, nothing is switched off. Behind the reverse proxy every
 * customer has an address of their own, so that the limits are those of production.
 */
function clientOverrides(proxy: boolean): Record<string, string> {
  if (proxy) return { API_TRUST_PROXY: proxyAddress };
  return {
    FREEHOLD_HOLDS_PER_IP: '100000',
    FREEHOLD_REQUESTS_PER_MINUTE_PER_IP: '1000000',
    FREEHOLD_STREAMS_PER_IP: '1000',
  };
}

function overridesOf({ awaitPaymentMs, operatorWindowMs, stepMs }: RunLimits): Record<string, string> {
  return {
    FREEHOLD_PAYMENT_READ_MS: '2000',
    FREEHOLD_AWAIT_PAYMENT_MS: String(awaitPaymentMs),
    FREEHOLD_OPERATOR_WINDOW_MS: String(operatorWindowMs),
    FREEHOLD_AWAIT_HEALTHY_MS: String(stepMs),
    FREEHOLD_AWAIT_ACTIVATION_MS: String(stepMs),
    FREEHOLD_DECLINES: String(declines),
    FREEHOLD_START_SWEEP_MS: '3000',
  };
}

/** A separate platform for fault injection, with its customers, its operator and the collection of evidence. */
export interface Testbed {
  platform: Platform;
  shop: Shop;
  /** The shop as one of several customers visits it: behind a reverse proxy from an address of their own. */
  shopOf(customer: number): Shop;
  striker: FaultInjector;
  /** Resolves when everything serves and nothing is in progress, or after `limitMs`. */
  untilIdle(limitMs: number): Promise<void>;
  /** Collects the evidence from outside. */
  collect(bought: readonly (Bought & { settled: boolean })[]): Promise<{ evidence: Evidence; violations: Violation[] }>;
  /** Stops everything; processes that outlive it are violations. */
  end(): Promise<Violation[]>;
}

/**
 * Starts the platform in a new folder. Ctrl-C and other termination signals stop it in order, and `farewell` is printed
 * last. `FREEHOLD_KEEP_STATE` keeps that folder at the end and prints its path.
 */
export async function openTestbed(options: {
  limits: RunLimits;
  say: (line: string) => void;
  exitMessage: string;
  /** Whether an operator answers waiting steps. */
  operator: boolean;
  /** Whether customers reach the api through a reverse proxy. */
  proxy: boolean;
}): Promise<Testbed> {
  const { limits: pace, say, exitMessage: farewell } = options;
  const stateDir = await mkdtemp(join(tmpdir(), 'freehold-faults-'));
  const overrides = { ...overridesOf(pace), ...clientOverrides(options.proxy) };
  say(
    `overridden for this run: ${Object.entries(overrides)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
  );
  const platform = await startPlatform({ stateDir, ports: 'free', overrides, shiftableClocks: true });
  const { FREEHOLD_DNS_SERVER: dnsServer, FREEHOLD_CA_FILE: caFile } = platform.env;
  const reach = createReach({ dnsServer, caFile });
  const over = new AbortController();
  const operator = options.operator ? workAsOperator(platform, { signal: over.signal, say }) : Promise.resolve();
  const striker = createFaultInjector(platform);
  const shop: Shop = {
    customer: createCustomer(platform.urls.api),
    stripe: platform.urls.stripe,
    declines,
    awaitPaymentMs: pace.awaitPaymentMs,
    signal: over.signal,
    say,
  };

  const proxy = options.proxy ? await startReverseProxy(platform.urls.api) : undefined;
  if (proxy) say(`customers reach the api through the reverse proxy ${proxy.url}`);
  const agents: Dispatcher[] = [];

  function shopOf(customer: number): Shop {
    if (!proxy) return shop;
    // The links of an order lead to the api's public address, at which the proxy stands.
    const agent = clientAt(customer).compose((dispatch) => (call, handler) => {
      return dispatch({ ...call, origin: call.origin === platform.urls.api ? proxy.url : call.origin }, handler);
    });
    agents.push(agent);
    return { ...shop, customer: createCustomer(platform.urls.api, agent) };
  }

  async function collect(bought: readonly (Bought & { settled: boolean })[]) {
    const customers = bought.map(
      ({ order, followed, settled }): CustomerFact => ({
        orderId: order.id,
        settled,
        streamed: [...followed.streamed],
      }),
    );
    const evidence = await collectEvidence({
      platform,
      reach,
      customers,
      secrets: [
        ...bought.flatMap(({ secrets }) => secrets),
        ...cardNumbers.map((value) => ({ what: `the card ${value}`, value })),
      ],
      isNameFree: (name) => persist(() => shop.customer.isNameFree(name, 'local')),
    });
    return { evidence, violations: violationsOf(evidence) };
  }

  let ending: Promise<Violation[]> | undefined;
  const end = () => {
    for (const name of interruptions) process.off(name, interrupt);
    ending ??= endAll();
    return ending;
  };

  async function endAll(): Promise<Violation[]> {
    over.abort();
    await operator;
    await reach.close();
    await Promise.all(agents.map((agent) => agent.destroy()));
    await proxy?.stop();
    await platform.stop();
    const left = processesOf(stateDir).map(
      ({ pid, command }): Violation => ({
        invariant: 'processes',
        what: `process ${pid} outlived the platform: ${command.slice(0, 160)}`,
      }),
    );
    if (process.env.FREEHOLD_KEEP_STATE) say(`the state is kept in ${stateDir}`);
    else await rm(stateDir, { recursive: true, force: true });
    return left;
  }

  const interrupt = () => {
    say(`interrupted; ${farewell}`);
    const leave = () => process.exit(130);
    end().then(leave, leave);
  };
  for (const name of interruptions) process.once(name, interrupt);

  return {
    platform,
    shop,
    shopOf,
    striker,
    collect,
    async untilIdle(limitMs) {
      await Promise.all(platform.processes.map((process) => process.ready()));
      const deadline = performance.now() + limitMs;
      while (performance.now() < deadline && !(await isIdle(platform))) await delay(500);
    },
    end,
  };
}

/** Whether no webhook is pending and Temporal runs nothing but entities, of instances and of subscriptions. */
async function isIdle(platform: Platform): Promise<boolean> {
  const query = encodeURIComponent(
    `ExecutionStatus = "Running" AND WorkflowType != "instance" AND WorkflowType != "subscription"`,
  );
  const url = `http://127.0.0.1:${platform.ports['temporal-http']}/api/v1/namespaces/default/workflows?query=${query}`;
  try {
    const { executions = [] } = (await (await fetch(url)).json()) as { executions?: unknown[] };
    if (executions.length > 0) return false;
    const deliveries = await fetch(`${platform.urls.stripe}/emulator/deliveries`);
    return ((await deliveries.json()) as { waiting: number }).waiting === 0;
  } catch {
    return false;
  }
}
