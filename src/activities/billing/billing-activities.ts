import { awaitPayment, expirePayment } from './await-payment.ts';
import { correctRecords } from './correct-records.ts';
import { createSubscription } from './create-subscription.ts';
import type { AfterOrderPorts } from './ports.ts';
import { readSubscription } from './read-subscription.ts';
import { settleLatePayment, settleMoney } from './settle-money.ts';

export function createBillingActivities(ports: AfterOrderPorts) {
  return {
    correctRecords: correctRecords(ports),
    createSubscription: createSubscription(ports),
    readSubscription: readSubscription(ports),
    awaitPayment: awaitPayment(ports),
    expirePayment: expirePayment(ports),
    settleMoney: settleMoney(ports),
    settleLatePayment: settleLatePayment(ports),
  };
}
