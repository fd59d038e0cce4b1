import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import type { InstanceFactsChange } from '../../contracts/workflow-messages.ts';

export const instanceStatus = defineSearchAttributeKey('InstanceStatus', SearchAttributeType.KEYWORD);
export const operationKind = defineSearchAttributeKey('OperationKind', SearchAttributeType.KEYWORD);
export const instanceId = defineSearchAttributeKey('InstanceId', SearchAttributeType.KEYWORD);
export const needsAttention = defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL);
export const orderId = defineSearchAttributeKey('OrderId', SearchAttributeType.KEYWORD);
const hostname = defineSearchAttributeKey('Hostname', SearchAttributeType.KEYWORD);
const plan = defineSearchAttributeKey('Plan', SearchAttributeType.KEYWORD);
const region = defineSearchAttributeKey('Region', SearchAttributeType.KEYWORD);
export const renewsAt = defineSearchAttributeKey('RenewsAt', SearchAttributeType.DATETIME);

/** The search attributes of the changed facts. */
export function attributesOf(change: InstanceFactsChange): SearchAttributePair[] {
  return [
    ...(change.hostname ? [{ key: hostname, value: change.hostname }] : []),
    ...(change.plan ? [{ key: plan, value: change.plan }] : []),
    ...(change.region ? [{ key: region, value: change.region }] : []),
    ...(change.paidUntil ? [{ key: renewsAt, value: new Date(change.paidUntil) }] : []),
  ];
}
