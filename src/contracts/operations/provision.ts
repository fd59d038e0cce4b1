import { z } from 'zod';
import { defineOperation } from './operation.ts';
import { awaitHealthy, stackDeadline } from './shared-steps.ts';

const minute = 60_000;

/** Delivers a private server to the customer who ordered it, or refunds and removes everything. */
export const provision = defineOperation({
  kind: 'provision',
  request: z.object({}),
  requestedBy: [],
  admission: { from: [], whileBusy: 'refused' },
  order: { cancelledBy: { customer: 'cancelled_by_customer', operator: 'cancelled_by_operator' } },
  instanceStatus: 'provisioning',
  steps: [
    {
      name: 'hold-hostname',
      undo: 'release-hostname',
      deadline: { variable: 'FREEHOLD_HOLD_HOSTNAME_MS', defaultMs: minute },
      onTimeout: 'records_unreachable',
    },
    {
      name: 'create-subscription',
      undo: 'settle-money',
      deadline: { variable: 'FREEHOLD_CREATE_SUBSCRIPTION_MS', defaultMs: 15 * minute },
      onTimeout: 'payment_provider_unavailable',
    },
    {
      name: 'await-payment',
      deadline: { variable: 'FREEHOLD_AWAIT_PAYMENT_MS', defaultMs: 22 * 60 * minute },
      onTimeout: 'payment_expired',
    },
    {
      name: 'issue-licence',
      undo: 'revoke-licence',
      deadline: { variable: 'FREEHOLD_ISSUE_LICENCE_MS', defaultMs: 30 * minute },
      onTimeout: 'licence_server_unavailable',
    },
    { name: 'stack-up', undo: 'destroy-stack', deadline: stackDeadline, onTimeout: 'stack_failed' },
    awaitHealthy,
    {
      name: 'await-activation',
      skippable: true,
      deadline: { variable: 'FREEHOLD_AWAIT_ACTIVATION_MS', defaultMs: 30 * minute },
      onTimeout: 'activation_missing',
    },
    { name: 'mark-ready', onTimeout: 'records_unreachable' },
    { name: 'send-mail', skippable: true, onTimeout: 'mail_unavailable' },
  ],
  pivot: 'mark-ready',
  undo: [
    [{ name: 'settle-money' }, { name: 'send-outcome-mail', skippable: true }],
    [
      { name: 'revoke-licence' },
      { name: 'destroy-stack', attentionAfter: { variable: 'FREEHOLD_ORPHAN_AFTER_MS', defaultMs: 10 * minute } },
      { name: 'release-hostname' },
    ],
  ],
  operatorWindow: { variable: 'FREEHOLD_OPERATOR_WINDOW_MS', defaultMs: 24 * 60 * minute },
});
