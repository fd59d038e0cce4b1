import type { ApiConfig } from '../config.ts';
import type { Catalogue } from '../contracts/catalogue.ts';
import type { OrderPayment } from '../contracts/order-payment.ts';
import type { Member } from '../domain/accounts/account-people.ts';
import type { OutgoingMail } from '../mail/sender.ts';
import type { PaymentMoney } from '../payments/late-payment-plan.ts';
import type { ChargedMoney } from '../payments/settle-plan.ts';
import type { Log } from '../runtime/log.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { OrderRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Streams } from './events/stream.ts';
import type { Tail } from './events/tail.ts';
import type { SigningKeys } from './keys/account-keys.ts';
import type { Workflows } from './workflows.ts';

export interface OrderStarts {
  /** Queues the start of the order's workflow; a repeated call has no effect. */
  soon(order: OrderRecord): void;
  /** Drops queued starts, which the sweep makes up for, and resolves when running ones have ended. */
  stop(): Promise<void>;
}

export interface LicenceTokens {
  /** A token for the licence server, for the member and the account of the session. */
  issue(caller: { account: AccountRecord; member: Member }): Promise<{ token: string; expiresAt: Date }>;
  /** Keys that verify the tokens: the current, the next and the retired ones. */
  publicKeys: SigningKeys['publicKeys'];
}

/** The dependencies of the API; `main.ts` creates the real ones. */
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
    chargedFor(invoiceIds: readonly string[]): Promise<ChargedMoney>;
  };
  licenceTokens: LicenceTokens;
  mail: { send(mail: OutgoingMail): Promise<void> };
  log: Log;
  /** Whether every response is checked against its declared schema; one that does not fit becomes a 500. */
  checkAnswers: boolean;
}
