import type { ApiConfig } from '../config.ts';
import type { Catalogue } from '../contracts/catalogue.ts';
import type { OrderPayment } from '../contracts/order-payment.ts';
import type { OutgoingMail } from '../mail/sender.ts';
import type { PaymentMoney } from '../payments/late-payment-plan.ts';
import type { Log } from '../runtime/log.ts';
import type { Store } from '../store/store.ts';
import type { Streams } from './events/stream.ts';
import type { Tail } from './events/tail.ts';
import type { LicenceTokens } from './licence-tokens.ts';
import type { OrderStarts } from './orders/start-orders.ts';
import type { Workflows } from './workflows.ts';

/** Everything that the API works with; `main.ts` makes the real ones. */
export interface ApiDeps {
  config: ApiConfig;
  catalogue: Catalogue;
  store: Store;
  workflows: Workflows;
  starts: OrderStarts;
  tail: Pick<Tail, 'follow'>;
  streams: Streams;
  payments: {
    clientSecretOf(payment: OrderPayment): Promise<string | undefined>;
    moneyOf(invoiceIds: readonly string[]): Promise<PaymentMoney[]>;
  };
  licenceTokens: LicenceTokens;
  mail: { send(mail: OutgoingMail): Promise<void> };
  log: Log;
  /** Whether every answer is held against its declared schema, and one that does not fit is a 500. */
  checkAnswers: boolean;
}
