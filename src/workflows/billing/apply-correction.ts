import { upsertSearchAttributes } from '@temporalio/workflow';
import type { CorrectionRef } from '../../contracts/workflow-messages.ts';
import { controlActivities, mailActivities } from '../lib/activities.ts';
import { orderId } from '../lib/search-attributes.ts';

/**
 * What follows when an operator has corrected an address of an order, `correction/<order id>/<number>`: the records
 * beside the order, the mails that the wrong address did not get, and a mail to the replaced address. None waits for the
 * others. Fails with the reason of the first that failed, such as `mail_refused`.
 */
export async function applyCorrection(ref: CorrectionRef): Promise<void> {
  upsertSearchAttributes([{ key: orderId, value: ref.orderId }]);
  const parts = await Promise.allSettled([
    controlActivities().correctRecords(ref),
    mailActivities().mailAgain(ref),
    mailActivities().tellReplacedAddress(ref),
  ]);
  for (const part of parts) if (part.status === 'rejected') throw part.reason;
}
