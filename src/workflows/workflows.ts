/** Every workflow type of the control queue; the worker bundles this module. */

export { tellOperators } from './alerts/tell-operators.ts';
export { applyCorrection } from './billing/apply-correction.ts';
export { settleLatePayment } from './billing/settle-late-payment.ts';
export { subscription } from './billing/subscription.ts';
export { checkClouds } from './fleet/check-clouds.ts';
export { keepSnapshots } from './fleet/keep-snapshots.ts';
export { reconcileFleet } from './fleet/reconcile.ts';
export { scanDrift } from './fleet/scan-drift.ts';
export { instance } from './instance.ts';
export { checkDrift } from './operations/check-drift.ts';
export { provision } from './operations/provision.ts';
export { restart } from './operations/restart.ts';
