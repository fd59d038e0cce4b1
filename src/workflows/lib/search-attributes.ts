import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const instanceStatus = defineSearchAttributeKey('InstanceStatus', SearchAttributeType.KEYWORD);
export const operationKind = defineSearchAttributeKey('OperationKind', SearchAttributeType.KEYWORD);
export const instanceId = defineSearchAttributeKey('InstanceId', SearchAttributeType.KEYWORD);
export const orderId = defineSearchAttributeKey('OrderId', SearchAttributeType.KEYWORD);
export const renewsAt = defineSearchAttributeKey('RenewsAt', SearchAttributeType.DATETIME);
export const needsAttention = defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL);
