import { LicenceProblem } from '../../protocol/problem.ts';
import { holds } from '../finding.ts';
import type { Scenario } from '../kit.ts';
import { newId, newSecret, type Reply, type Wire } from '../wire.ts';

/** Larger than the maximum body of 16 kB. */
const megabyte = 'x'.repeat(1_000_000);

function activation(wire: Wire, more: Record<string, unknown>): Record<string, unknown> {
  const { licenseKey, product, version } = wire.target;
  return { licenseKey, activationId: newId(), product, version, node: { name: 'conformance-refused' }, ...more };
}

function isProblem(reply: Reply): boolean {
  return LicenceProblem.safeParse(reply.body).success;
}

export const refusalScenarios: Scenario[] = [
  {
    id: 'L73',
    title: 'no refusal repeats a key or a secret',
    async run({ wire }) {
      const secret = newSecret();
      const { licenseKey, product, version } = wire.target;
      const replies = [
        await wire.call('POST', '/v1/activations', activation(wire, { product: 'another-product' })),
        await wire.call('POST', '/v1/activations', { licenseKey, product, version }),
        await wire.call('POST', '/v1/instances/act_0000000000000000/check', { secret, requestId: newId() }),
        await wire.call('POST', '/v1/instances/x/check', { secret, requestId: 1 }),
      ];
      for (const { text, status } of replies) {
        holds(status >= 400, 'Each of these requests is refused.');
        holds(!text.includes(licenseKey) && !text.includes(secret), 'A refusal holds neither key nor secret.');
      }
    },
  },
  {
    id: 'L75',
    title: 'every refusal is a problem document: code, number, title, detail, remedy, requestId',
    async run({ wire }) {
      const replies: [string, Reply][] = [
        ['an unknown path', await wire.call('GET', '/v1/there-is-no-such-call')],
        ['a body without members', await wire.call('POST', '/v1/activations', {})],
        ['a body that is not JSON', await wire.call('POST', '/v1/activations', '{"licenseKey":')],
        [
          'an unknown instance',
          await wire.call('POST', '/v1/instances/act_0000000000000000/check', { secret: newSecret() }),
        ],
      ];
      for (const [what, reply] of replies) {
        holds(reply.status >= 400 && reply.status < 500, `${what} is refused with a 4xx, not ${reply.status}.`);
        holds(isProblem(reply), `The refusal of ${what} has the members of a problem document.`);
        const type = reply.headers.get('Content-Type') ?? '';
        holds(type.startsWith('application/problem+json'), `The refusal of ${what} is application/problem+json.`);
      }
    },
  },
  {
    id: 'L76',
    title: 'operators instead of strings, a megabyte and deep JSON are refused and have no effect',
    async run({ wire }) {
      const deep = `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`;
      const bad: [string, unknown, number[]][] = [
        ['an operator as key', activation(wire, { licenseKey: { $gt: '' } }), [400]],
        ['an operator as node', activation(wire, { node: { name: { $ne: null } } }), [400]],
        ['a list as product', activation(wire, { product: ['a', 'b'] }), [400]],
        ['deep JSON', deep, [400]],
        ['a megabyte', activation(wire, { padding: megabyte }), [413]],
      ];
      for (const [what, body, statuses] of bad) {
        const reply = await wire.call('POST', '/v1/activations', body);
        holds(statuses.includes(reply.status), `${what} is refused with ${statuses.join()}, not ${reply.status}.`);
        holds(isProblem(reply), `The refusal of ${what} is a problem document.`);
      }
    },
  },
];
