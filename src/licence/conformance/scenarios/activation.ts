import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ActivationAnswer, ValidateAnswer } from '../../protocol/answers.ts';
import { holds } from '../finding.ts';
import type { Scenario } from '../kit.ts';
import { fits, newId, refused, type Wire } from '../wire.ts';

const validate = async (wire: Wire, licenseKey: string) => {
  const body = { licenseKey, product: wire.target.product, nonce: newId() };
  const answer = fits(ValidateAnswer, await wire.call('POST', '/v1/licenses/validate', body), 200, 'validate');
  holds(answer.nonce === body.nonce, 'Validate repeats the nonce.');
  return answer;
};

const seatsUsed = async (wire: Wire) => (await validate(wire, wire.target.licenseKey)).seats?.used ?? 0;

/** A key as somebody types it after copying it from a mail. */
const typed = (key: string) => ` "${key.toLowerCase().replaceAll('-', ' ')}" `;

/** The members of a refusal that must not reveal which reason applied. */
const shapeOf = ({ code, num, title, remedy, retryable }: Record<string, unknown>) =>
  JSON.stringify({ code, num, title, remedy, retryable });

export const activationScenarios: Scenario[] = [
  {
    id: 'L1',
    title: 'a valid key takes one seat: 201, an instance id, a secret, and a verdict that answers this request',
    async run({ wire, node }) {
      const before = await seatsUsed(wire);
      const { claims } = await node();
      holds(claims.seq === 0, 'The first verdict has seq 0.');
      holds(claims.exp > claims.iat, 'The verdict grants some time without the server.');
      holds((await seatsUsed(wire)) === before + 1, 'An activation takes exactly one seat.');
    },
  },
  {
    id: 'L2',
    title: 'the same activationId before the first check: the same instance and secret, no second seat',
    async run({ wire, node }) {
      const first = await node();
      const before = await seatsUsed(wire);
      const [nonce, bootId] = [newId(), first.bootId];
      const reply = await wire.activation(first.node, first.activationId, { nonce, bootId });
      const again = fits(ActivationAnswer, reply, 200, 'a repeated activation');
      holds(again.instanceId === first.instanceId, 'A repeated activation names the same instance.');
      holds(again.secret === first.secret, 'A repeated activation gives the same secret.');
      await wire.claimsOf(again.license, { instanceId: first.instanceId, requestId: first.activationId, nonce });
      holds((await seatsUsed(wire)) === before, 'A repeated activation takes no further seat.');
    },
  },
  {
    id: 'L7',
    title: 'an unknown key is refused with 401 and 101, unsigned',
    async run({ wire }) {
      const body = { licenseKey: randomBytes(16).toString('hex'), activationId: newId(), node: { name: 'stranger' } };
      const { product, version } = wire.target;
      const reply = await wire.call('POST', '/v1/activations', { ...body, product, version });
      holds(refused(reply, 'INVALID_LICENSE_SECRET').verdict === undefined, 'No verdict is signed for a stranger.');
    },
  },
  {
    id: 'L9',
    title: 'a key in lower case, in quotes, with spaces instead of dashes is accepted',
    async run({ wire }) {
      const answer = await validate(wire, typed(wire.target.licenseKey));
      holds(answer.valid && answer.code === 'VALID', 'The key is valid however it was typed.');
    },
  },
  {
    id: 'L10',
    title: 'the key of another product is refused like an unknown key, with the same answer',
    async run({ wire }) {
      const { licenseKey, version } = wire.target;
      const ask = (key: string, product: string) =>
        wire.call('POST', '/v1/activations', {
          ...{ licenseKey: key, activationId: newId(), product, version, node: { name: 'stranger' } },
        });
      const wrongProduct = refused(await ask(licenseKey, 'another-product'), 'INVALID_LICENSE_SECRET');
      const unknown = refused(
        await ask(randomBytes(16).toString('hex'), wire.target.product),
        'INVALID_LICENSE_SECRET',
      );
      holds(shapeOf(wrongProduct) === shapeOf(unknown), 'Both refusals have the same members.');
    },
  },
  {
    id: 'L14',
    title: 'a node of the same name takes over its own seat at once; the old one learns that by a signed verdict',
    async run({ wire, node }) {
      const old = await node();
      await wire.check(old);
      const before = await seatsUsed(wire);
      const next = await node(old.node.name);
      holds(next.instanceId !== old.instanceId, 'The node that takes over has a new instance id.');
      holds((await seatsUsed(wire)) === before, 'A node that takes over its own seat takes no further one.');
      await wire.refusedCheck(old, 'INSTANCE_NOT_ACTIVE', { signed: true });
      await wire.check(next);
    },
  },
  {
    id: 'L16',
    title: 'a released seat is free at once; releasing twice is 204 both times',
    async run({ wire, node }) {
      const one = await node();
      const used = await seatsUsed(wire);
      for (const time of ['first', 'second']) {
        const { status } = await wire.release(one);
        holds(status === 204, `The ${time} release is answered with 204, not ${status}.`);
      }
      holds((await seatsUsed(wire)) === used - 1, 'A released seat is free.');
      await wire.refusedCheck(one, 'INSTANCE_NOT_ACTIVE', { signed: true });
    },
  },
  {
    id: 'L47',
    title: 'the published keys are Ed25519, each with a kid, none with its private half',
    async run({ wire }) {
      const { keys } = await wire.keys();
      const Key = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string(), x: z.string() });
      const usable = keys.filter((key) => Key.safeParse(key).success);
      holds(usable.length > 0, 'At least one Ed25519 key is published.');
      holds(
        keys.every((key) => !Object.hasOwn(key, 'd')),
        'No private key is published.',
      );
      holds(new Set(usable.map(({ kid }) => kid)).size === usable.length, 'No two keys have the same kid.');
    },
  },
];
