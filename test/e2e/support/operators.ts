import { expect } from '@jest/globals';
import type { ReasonCode } from '../../../src/contracts/reasons.ts';
import { type Decision, decisionsOn, type StepName } from '../../../src/contracts/steps.ts';
import { nextOn } from '../../../src/domain/operations/next-on.ts';
import { textsOf } from '../../../src/texts/texts.ts';
import { until } from '../../support/until.ts';
import { freehold } from './freehold.ts';
import type { Purchase } from './purchase.ts';
import { openTemporalUi } from './temporal-ui.ts';
import { timeoutMs, type World } from './world.ts';

const { reasons: reasonTexts } = textsOf('en');

/** How an operator decides: in the Temporal UI or by the `freehold` command. */
export type Channel = 'temporal-ui' | 'command';

/** The operators of one platform, by both channels. */
export function operatorsOf(world: World) {
  const ui = openTemporalUi(world);
  const updates = { retry: 'retry-step', skip: 'skip-step', abort: 'abort' } as const;

  async function show({ order }: Purchase) {
    const { out } = await freehold(world, '--json', 'operations', 'show', order.operationId);
    return JSON.parse(out);
  }

  return {
    ui,
    /** Decides about a waiting step; returns `accepted` or the reason code of the refusal. */
    async decide(
      channel: Channel,
      decision: Decision,
      purchase: Purchase,
      step: StepName,
      attempt = 1,
    ): Promise<string> {
      const { operationId } = purchase.order;
      const why = `${decision} ${step} at the ${channel}`;
      if (channel === 'temporal-ui') {
        return ui.update(purchase, updates[decision], { operationId, step, attempt, operator: 'ada', why });
      }
      const args = ['--step', step, '--attempt', String(attempt), '--why', why, '--no-follow', '--operator', 'ada'];
      const { code, complaint } = await freehold(world, 'operations', decision, operationId, ...args);
      return code === 0 ? 'accepted' : (/\[(\w+), /.exec(complaint)?.[1] ?? complaint);
    },
    /** Asserts that a step waits for an operator and that all views show why and what can be done. */
    async areAskedAbout(purchase: Purchase, step: StepName, reason: ReasonCode): Promise<void> {
      expect(await purchase.step(step, 'needs_operator')).toMatchObject({ attempt: 1, reason });
      const { customer, operator } = reasonTexts[reason];
      const next = nextOn(step, reason);
      const decisions = decisionsOn(step);
      const { operation } = await show(purchase);
      expect(operation).toMatchObject({ status: 'needs_operator', reason });
      expect(operation.waiting).toMatchObject({ step, attempt: 1, reason, customer, operator, next, decisions });
      const { attributes, details } = await until(
        async () => {
          const shown = await ui.operation(purchase);
          return shown.attributes.NeedsAttention === true ? shown : undefined;
        },
        { what: `NeedsAttention for ${step}`, limitMs: timeoutMs },
      );
      expect(attributes.OrderId).toBe(purchase.order.id);
      expect(details).toContain(`needs an operator. ${operator} ${next}`);
      const offered = [...details.matchAll(/--name (\S+) --input '([^']+)'/g)].map(([, name, input]) => {
        expect(JSON.parse(input!)).toMatchObject({ operationId: operation.id, step, attempt: 1 });
        return name;
      });
      expect(offered).toEqual(decisions.map((decision) => updates[decision]));
    },
    /** The audit entries of executed decisions in order: who, what and why. */
    async audit(purchase: Purchase): Promise<string[]> {
      const { audit } = await show(purchase);
      const decided = (audit as { at: string; actor: string; action: string; why: string }[]).filter(({ action }) =>
        action.startsWith('operation-'),
      );
      for (const { at } of decided) expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(3_600_000);
      return decided.map(({ actor, action, why }) => `${actor} ${action}: ${why}`);
    },
  };
}

/** The audit entry of a decision, as `audit` returns it. */
export function entryOf(channel: Channel, decision: Decision, step: StepName): string {
  return `operator:ada operation-${decision}: ${decision} ${step} at the ${channel}`;
}
