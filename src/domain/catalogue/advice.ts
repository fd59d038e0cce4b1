import type { Catalogue, Plan, PlanName } from '../../contracts/catalogue.ts';
import { textsOf } from '../../texts/texts.ts';
import type { CheckedCart } from './catalogue.ts';

const { notes } = textsOf('en').cart;

/** A sentence for the buyer, with a code for programs. */
export interface CartNote {
  code: 'plan_for_accounts' | 'one_node' | 'machine_overload';
  text: string;
}

/** The plan that is recommended for this many user accounts. */
export function planForAccounts(accounts: number, catalogue: Catalogue): PlanName {
  const plan = catalogue.plans.find((each) => accounts <= (each.accounts.to ?? Number.POSITIVE_INFINITY));
  return plan!.name;
}

/**
 * Notes for the buyer about a cart; none of them makes the cart invalid.
 *
 * Advice: another plan is meant for the accounts that the buyer expects, or the cart has more users than its plan is
 * meant for (`plan_for_accounts`); a cluster plan is sold on one node (`one_node`). Warning: users times plugins are
 * more than the plan's machine carries (`machine_overload`). How many plugins will be installed is not known yet, so
 * the plan's limit counts, and where that is unlimited the largest limit of any other plan.
 *
 * @param accounts how many user accounts the buyer expects, where they say it
 */
export function adviseOnCart(
  cart: CheckedCart,
  { catalogue, accounts }: { catalogue: Catalogue; accounts?: number | undefined },
): { advice: CartNote[]; warnings: CartNote[] } {
  const { plan } = cart;
  // With unlimited users their number is unknown.
  const users = cart.limits.users ?? 0;
  const advice: CartNote[] = [];
  const warnings: CartNote[] = [];

  const expected = Math.max(accounts ?? 0, users);
  const recommended = planForAccounts(expected, catalogue);
  const isTooSmall = expected > (plan.accounts.to ?? Number.POSITIVE_INFINITY);
  if (isTooSmall || (accounts !== undefined && recommended !== plan.name)) {
    const accounts = lowerFirst(plan.accounts.text);
    const text = notes.plan_for_accounts({ plan: plan.name, accounts, expected, recommended });
    advice.push({ code: 'plan_for_accounts', text });
  }
  if (plan.features.cluster && cart.zones.length === 1) {
    advice.push({ code: 'one_node', text: notes.one_node({ plan: plan.name }) });
  }

  const plugins = pluginsToExpect(plan, catalogue);
  if (users * plugins > plan.carries) {
    const better = catalogue.plans.find((each) => each.carries >= users * plugins);
    const values = { users, plugins, plan: plan.name };
    const text = better
      ? notes.machine_overload_avoidable({ ...values, better: better.name })
      : notes.machine_overload(values);
    warnings.push({ code: 'machine_overload', text });
  }
  return { advice, warnings };
}

function pluginsToExpect(plan: Plan, catalogue: Catalogue): number {
  return plan.limits.plugins ?? Math.max(...catalogue.plans.map((each) => each.limits.plugins ?? 0));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
