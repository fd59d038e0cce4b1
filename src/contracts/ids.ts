import { z } from 'zod';

/**
 * Ids of our records: a prefix per kind and 80 random bits in lower-case Crockford base32. An instance id has no
 * separator, because it is part of physical cloud names (letters and digits everywhere).
 */
const idText = (prefix: string) => z.string().regex(new RegExp(`^${prefix}[0-9a-hjkmnp-tv-z]{16}$`));

export const AccountId = idText('acc_');
export const MemberId = idText('mem_');
export const InvitationId = idText('inv_');
export const QuoteId = idText('quo_');
export const OrderId = idText('ord_');
export const InstanceId = idText('i');
export const OperationId = idText('op_');
