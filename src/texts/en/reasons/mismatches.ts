/** Required by the catalogue; no customer is shown a mismatch. */
const unfitting = 'Our records are being put in order.';

/** Mismatches between systems; shown to operators only. */
export const mismatchReasonTexts = {
  money_kept: {
    customer: unfitting,
    operator: 'A payment of an order that ended without a server was not refunded.',
    next: 'Nothing to do: the payment is refunded automatically, at once with `freehold reconcile --repair`.',
  },
  money_outside: {
    customer: unfitting,
    operator:
      'An order that ended without a server was paid outside Stripe, for instance by bank transfer, and no credit note says that it was returned.',
    next: 'Return the money, then create a credit note on its invoice at Stripe, as refunded outside of Stripe.',
  },
  invoice_left: {
    customer: unfitting,
    operator: 'An order that has ended still has an invoice that can be paid.',
    next: 'Nothing to do: the invoice is voided automatically, at once with `freehold reconcile --repair`.',
  },
  payment_missing: {
    customer: unfitting,
    operator: 'A delivered order was never paid, or was refunded in full.',
    next: 'Agree with the customer on the payment; `freehold tickets close` notes what was agreed.',
  },
  subscription_missing: {
    customer: unfitting,
    operator: 'The subscription of a running server has ended at Stripe.',
    next: 'Agree with the customer on a new subscription at Stripe; `freehold tickets close` notes what was agreed.',
  },
  subscription_left: {
    customer: unfitting,
    operator: 'A subscription is still active although its order has ended.',
    next: 'Cancel the subscription of a delivered order at Stripe; that of another order is cancelled automatically.',
  },
  subscription_unknown: {
    customer: unfitting,
    operator: 'A subscription at Stripe names an order that is not in our records.',
    next: 'Find out whether our records are complete; then cancel the subscription at Stripe.',
  },
  licence_left: {
    customer: unfitting,
    operator: 'A licence is active although no delivered order owns it.',
    next: 'Revoke the licence by `POST /v1/admin/licenses/ID/revoke` of the licence server; where no order is known, first find out whether our records are complete.',
  },
  licence_missing: {
    customer: unfitting,
    operator: 'A delivered server has no valid licence.',
    next: 'Find out at the licence server who ended the licence (docs/licence-server.md); its hosts lock when their grace period is over.',
  },
  licence_standing_differs: {
    customer: unfitting,
    operator: 'The standing at the licence server differs from our records.',
    next: 'Find out who changed the standing at the licence server; the next payment sets ours again.',
  },
  hold_left: {
    customer: unfitting,
    operator: 'A name is held for an order or instance that does not exist any more.',
    next: 'Nothing to do: the name is released automatically, at once with `freehold reconcile --repair`.',
  },
  name_not_held: {
    customer: unfitting,
    operator: 'A delivered server does not own its name, so it could be sold again.',
    next: 'In the collection `hostname-holds` of the control plane, write the document whose `_id` is the hostname, before somebody else orders it: `holder` is "instance", `holderId` the id of the instance, `tokenHash` "order:" and the id of its order, `until` null.',
  },
  dns_record_left: {
    customer: unfitting,
    operator: 'A DNS record points to an instance that does not exist any more.',
    next: 'Remove what is left of the instance; where our records do not know it, first find out whether they are complete.',
  },
  dns_record_missing: {
    customer: unfitting,
    operator: 'The hostname of a delivered server does not resolve.',
    next: 'Run `freehold instances check-drift ID`: it restores the record.',
  },
  stack_left: {
    customer: unfitting,
    operator: 'A stack belongs to an instance that does not exist any more.',
    next: 'Run `freehold reconcile --repair`, which destroys it if the order was not delivered; where our records do not know its instance, first find out whether they are complete.',
  },
  object_left: {
    customer: unfitting,
    operator: 'An object at the cloud carries the tag of an instance that does not exist any more.',
    next: 'Remove what is left of the instance; where our records do not know it, first find out whether they are complete.',
  },
  object_unmanaged: {
    customer: unfitting,
    operator: 'An object of a delivered server is in the state of no stack.',
    next: 'Run `freehold reconcile --orphans --repair`, which imports it; or remove it at the cloud, but never a volume before its data was examined.',
  },
  host_gone: {
    customer: unfitting,
    operator: 'The cloud does not have the host of a delivered server any more.',
    next: 'Run `freehold instances check-drift ID`: it builds the host again with its data; if the volume is gone too, it says so and builds nothing.',
  },
} as const;
