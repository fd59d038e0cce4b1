import type { MismatchKind } from '../../contracts/fleet.ts';
import type { Severity } from '../../contracts/incidents.ts';
import { isUndoStep, type StepName } from '../../contracts/steps.ts';

/** Steps whose failure leaves the server as it is: only a mail is missing. */
const mailSteps: readonly StepName[] = ['send-mail', 'send-outcome-mail'];

/** Mismatches that cost a customer money or their server. */
const criticalMismatches: readonly MismatchKind[] = [
  'money_kept',
  'licence_missing',
  'name_not_held',
  'dns_record_missing',
  'host_gone',
];

/**
 * How urgent a waiting step is: critical where a customer waits for a server or for money. What is left at a cloud, and
 * a mail, can wait.
 */
export function severityOfStep(step: StepName): Severity {
  if (step === 'settle-money') return 'critical';
  return isUndoStep(step) || mailSteps.includes(step) ? 'warning' : 'critical';
}

export function severityOfMismatch(kind: MismatchKind): Severity {
  return criticalMismatches.includes(kind) ? 'critical' : 'warning';
}
