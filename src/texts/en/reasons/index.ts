import { accountReasonTexts } from './accounts.ts';
import { cartReasonTexts } from './carts.ts';
import { cloudReasonTexts } from './clouds.ts';
import { driftReasonTexts } from './drift.ts';
import { hostnameReasonTexts } from './hostnames.ts';
import { licenceReasonTexts } from './licences.ts';
import { mailReasonTexts } from './mails.ts';
import { mismatchReasonTexts } from './mismatches.ts';
import { operationReasonTexts } from './operations.ts';
import { ownFaultReasonTexts } from './own-faults.ts';
import { paymentReasonTexts } from './payments.ts';
import { requestReasonTexts } from './requests.ts';

/**
 * What every reason code says: to the customer, to the operator, and what to do next as an imperative sentence. The
 * codes are those of `src/contracts/reasons/`.
 */
export const reasons = {
  ...requestReasonTexts,
  ...accountReasonTexts,
  ...cartReasonTexts,
  ...hostnameReasonTexts,
  ...operationReasonTexts,
  ...paymentReasonTexts,
  ...cloudReasonTexts,
  ...driftReasonTexts,
  ...licenceReasonTexts,
  ...mailReasonTexts,
  ...mismatchReasonTexts,
  ...ownFaultReasonTexts,
} as const;
