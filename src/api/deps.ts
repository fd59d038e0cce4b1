import type { ApiConfig } from '../config.ts';
import type { Catalogue } from '../contracts/catalogue.ts';
import type { OrderPayment } from '../contracts/order-payment.ts';
import type { Member } from '../domain/accounts/account-people.ts';
import type { OutgoingMail } from '../mail/sender.ts';
import type { PaymentMoney } from '../payments/late-payment-plan.ts';
import type { Log } from '../runtime/log.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { OrderRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Streams } from './events/stream.ts';
import type { Tail } from './events/tail.ts';
import type { SigningKeys } from './keys/account-keys.ts';
import type { Workflows } from './workflows.ts';

export interface OrderStarts {
  /** Starts the order's workflow when it is its turn; nothing happens while that was asked for already. */
  soon(order: OrderRecord): void;
  /** Drops what has not begun, which the sweep starts later, and resolves when the rest has ended. */
  stop(): Promise<void>;
}

export interface LicenceTokens {
  /** A token by which the member speaks to the licence server for the account of the session. */
  issue(caller: { account: AccountRecord; member: Member }): Promise<{ token: string; expiresAt: Date }>;
  /** What verifies the tokens: every key that signs, will sign or has signed. */
  publicKeys: SigningKeys['publicKeys'];
}

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
