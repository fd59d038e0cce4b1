import type { Cycle } from '../contracts/catalogue.ts';
import { formatMoney } from '../domain/billing/money.ts';
import { textsOf } from '../texts/texts.ts';

const { payment: texts } = textsOf('en').mails;

/** What a payer has paid, and what comes next. Amounts in minor units. */
export interface PaidOrder {
  orderId: string;
  hostname: string;
  plan: string;
  cycle: Cycle;
  net: number;
  /** `day`: the UTC day whose rate it is, YYYY-MM-DD. */
  tax: { country: string; basisPoints: number; name: string; day: string; amount: number };
  /** Including tax. */
  paid: number;
  currency: 'EUR';
  invoice: { number: string; url: string | undefined } | undefined;
  /** The next invoice of the subscription; undefined when nothing is charged any more. */
  next: { amount: number; at: Date } | undefined;
}

export interface PaymentRow {
  label: string;
  value: string;
  /** Where the value leads. */
  url?: string | undefined;
}

/** The payment as rows of a label and a value. */
export function paymentRows({ tax, invoice, currency, ...order }: PaidOrder): PaymentRow[] {
  const { rows } = texts;
  const percent = tax.basisPoints / 100;
  return [
    { label: rows.server, value: order.hostname },
    { label: rows.plan, value: order.plan },
    { label: rows.net, value: formatMoney(order.net, currency) },
    {
      label: rows.tax({ name: tax.name, percent, country: tax.country, day: tax.day }),
      value: formatMoney(tax.amount, currency),
    },
    { label: rows.paid, value: formatMoney(order.paid, currency) },
    ...(invoice ? [{ label: rows.invoice, value: invoice.number, url: invoice.url }] : []),
    { label: rows.next, value: nextText({ currency, ...order }) },
    { label: rows.order, value: order.orderId },
  ];
}

function nextText({ next, cycle, currency }: Pick<PaidOrder, 'next' | 'cycle' | 'currency'>): string {
  if (!next) return texts.nothingMore;
  const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(next.at);
  return texts.next({ amount: formatMoney(next.amount, currency), date, cycle });
}
