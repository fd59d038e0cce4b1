import { CheckAnswer } from '../../protocol/answers.ts';
import { holds } from '../finding.ts';
import type { Scenario } from '../kit.ts';
import { fits, newId, newSecret, refused } from '../wire.ts';

export const rotationScenarios: Scenario[] = [
  {
    id: 'L23',
    title: 'the current secret rotates: a new secret, seq + 1',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const { secret, claims } = node;
      const next = await wire.check(node);
      holds(next.secret !== secret, 'Each check replaces the secret.');
      holds(next.claims.seq === claims.seq + 1, 'Each check counts seq up by one.');
      holds(!next.replay, 'A first answer is not marked as a repeated one.');
    },
  },
  {
    id: 'L24',
    title: 'a lost answer is repeated for the same requestId, with a fresh verdict',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const requestId = newId();
      const lost = await wire.check({ ...node }, { requestId });
      const again = await wire.check(node, { requestId, bootId: newId() });
      holds(again.secret === lost.secret, 'A repeated check gives the same secret.');
      holds(again.claims.seq === lost.claims.seq, 'A repeated check rotates nothing.');
      holds(again.replay, 'A repeated answer carries Idempotent-Replay: true.');
    },
  },
  {
    id: 'L26',
    title: 'an old client without requestIds is answered again once, not twice',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const anonymous = { requestId: undefined, bootId: undefined };
      const first = fits(CheckAnswer, await wire.sendCheck(node, anonymous), 200, 'a check without requestId');
      const again = fits(CheckAnswer, await wire.sendCheck(node, anonymous), 200, 'the same check once more');
      holds(again.secret === first.secret, 'The repeated check gives the same secret.');
      refused(await wire.sendCheck(node, anonymous), 'CLONE_SUSPECTED');
      node.secret = first.secret;
      await wire.check(node);
    },
  },
  {
    id: 'L27',
    title: 'a secret older than the previous one is refused as stale, signed',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const old = { ...node, bootId: newId() };
      await wire.check(node);
      await wire.check(node);
      await wire.refusedCheck(old, 'STALE_SECRET', { signed: true });
      await wire.check(node);
    },
  },
  {
    id: 'L28',
    title: 'two threads of one process with the same secret get the same answer, no lock',
    async run({ wire, node: activated }) {
      // A separate node: if a rate limit delayed it, the second thread would come too late.
      const node = await activated();
      const replies = await Promise.all([wire.sendCheck(node), wire.sendCheck(node)]);
      const [first, second] = replies.map((reply) => fits(CheckAnswer, reply, 200, 'a check of two threads'));
      holds(first?.secret === second?.secret, 'Both threads get the same secret.');
      node.secret = first?.secret as string;
      await wire.check(node);
    },
  },
  {
    id: 'L29',
    title:
      'of two copies of a node the later one is refused at its second check at the latest, the first is not affected',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const copy = { ...node, bootId: newId() };
      await wire.check(node);
      await wire.refusedCheck(copy, 'CLONE_SUSPECTED', { signed: true });
      for (let round = 0; round < 2; round += 1) await wire.check(node);
    },
  },
  {
    id: 'L30',
    title: 'a copy made with a request in flight is detected in the next rotation',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const requestId = newId();
      const copy = { ...node, bootId: newId() };
      await wire.check(node, { requestId });
      await wire.check(copy, { requestId });
      holds(copy.secret === node.secret, 'Both get the same answer for the same requestId.');
      await wire.check(node);
      await wire.refusedCheck(copy, 'CLONE_SUSPECTED', { signed: true });
      await wire.check(node);
    },
  },
  {
    id: 'L32',
    title: 'a node restored from a backup recovers with its key; another node does not',
    async run({ wire, node: activated }) {
      const node = await activated();
      const backup = node.secret;
      await wire.check(node);
      await wire.check(node);
      await wire.refusedCheck({ ...node, secret: backup }, 'STALE_SECRET', { signed: true });
      const { licenseKey } = wire.target;
      const recover = (requestId: string, nonce: string, name: string) => {
        const body = { licenseKey, requestId, nonce, node: { name }, bootId: newId() };
        return wire.call('POST', `/v1/instances/${node.instanceId}/recover`, body);
      };
      refused(await recover(newId(), newId(), `${node.node.name}-other`), 'RECOVERY_REFUSED');
      const [requestId, nonce] = [newId(), newId()];
      const answer = fits(CheckAnswer, await recover(requestId, nonce, node.node.name), 200, 'a recovery');
      await wire.claimsOf(answer.license, { instanceId: node.instanceId, requestId, nonce });
      node.secret = answer.secret;
      await wire.check(node);
    },
  },
  {
    id: 'L33',
    title: 'a guessed secret is refused with 401 and 107, unsigned, and the real node is still answered',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      await wire.refusedCheck({ ...node, secret: newSecret() }, 'INVALID_SECRET', { signed: false });
      await wire.check(node);
    },
  },
  {
    id: 'L34',
    title: 'many checks at once with the same secret and requestId rotate once and agree',
    async run({ wire, node: activated }) {
      const node = await activated();
      const asked = { requestId: newId() };
      const replies = await Promise.all(Array.from({ length: 5 }, () => wire.sendCheck(node, asked)));
      const answers = replies.map((reply) => fits(CheckAnswer, reply, 200, 'one of many checks at once'));
      holds(new Set(answers.map(({ secret }) => secret)).size === 1, 'All of them get the same secret.');
      const first = replies.filter(({ headers }) => headers.get('Idempotent-Replay') === null);
      holds(first.length === 1, 'Exactly one of them rotates, the others are repeated answers.');
      node.secret = answers[0]?.secret as string;
      const { claims } = await wire.check(node);
      holds(claims.seq === 2, 'They count as one rotation.');
    },
  },
  {
    id: 'L37',
    title: 'an unknown instance is 404 and 105, a malformed id 400 and 106',
    async run({ wire }) {
      const node = { instanceId: 'act_0000000000000000', secret: newSecret(), bootId: newId() };
      await wire.refusedCheck(node, 'INSTANCE_NOT_FOUND', { signed: false });
      const malformed = { ...node, instanceId: "act_'; drop" };
      await wire.refusedCheck(malformed, 'INVALID_LICENSE_CHECK_REQUEST', { signed: false });
    },
  },
  {
    id: 'L38',
    title: 'usage beyond every limit yields at most a notice, never a refusal of the check',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const usage = Object.fromEntries(
        Object.keys(node.claims.limits)
          .slice(0, 32)
          .map((name) => [name, 999_999_999]),
      );
      await wire.check(node, { usage });
      await wire.check(node, { usage: Object.fromEntries(Object.keys(usage).map((name) => [name, 0])) });
    },
  },
  {
    id: 'L46',
    title: 'each verdict answers its own request: jti, sub and nonce are those that were sent, iat is now',
    async run({ wire, sharedNode }) {
      const node = await sharedNode();
      const first = await wire.check(node);
      const second = await wire.check(node);
      holds(second.license !== first.license, 'No verdict is given twice.');
      holds(second.claims.iat >= first.claims.iat, 'Later verdicts are not older.');
      holds(second.claims.aud === wire.target.product, 'The audience is the product.');
    },
  },
];
