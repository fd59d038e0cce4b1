/** Every workflow type of the control queue; the worker bundles this module. */
export { checkClouds } from './check-clouds.ts';
export { checkDrift } from './check-drift.ts';
export { instance } from './instance.ts';
export { keepSnapshots } from './keep-snapshots.ts';
export { provision } from './provision.ts';
export { reconcileFleet } from './reconcile.ts';
export { scanDrift } from './scan-drift.ts';
export { settleStrayPayment } from './settle-stray-payment.ts';
