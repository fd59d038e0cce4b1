/** What a buyer should know about a cart, and why a name cannot be had. */
export const cart = {
  notes: {
    plan_for_accounts: '{plan} is meant for: {accounts}. For {expected} we recommend {recommended}.',
    one_node: '{plan} is sold on one node here; cluster and high availability need three nodes.',
    machine_overload: '{users} users with {plugins} plugins each may overload the machine of {plan}.',
    machine_overload_avoidable:
      '{users} users with {plugins} plugins each may overload the machine of {plan}. {better} carries them.',
  },
  /** The rule that a name breaks; continues the sentence of its reason code. */
  hostname: {
    tooShort: 'it needs at least {minimum} characters',
    tooLong: 'it may have at most {maximum} characters',
    characters: 'only the letters a to z, digits and hyphens are allowed',
    start: 'it must begin with a letter',
    end: 'it must not end with a hyphen',
    hyphens: 'it must not contain two hyphens in a row',
  },
} as const;
