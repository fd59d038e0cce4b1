import { Stripe } from 'stripe';
import type { Context } from '../kernel/context.ts';
import { newId } from '../kernel/ids.ts';
import { taxOfLine } from './tax.ts';

type TaxExempt = Stripe.Customer['tax_exempt'];

/** One line of an invoice, with its taxes; stored separately and shown inside its invoice. */
export function addLine(
  ctx: Context,
  invoice: Stripe.Invoice,
  line: {
    amount: number;
    description: string | null;
    quantity: number;
    period: Stripe.InvoiceLineItem.Period;
    parent: Stripe.InvoiceLineItem.Parent;
    price: Stripe.Price | null;
    taxRates: readonly Stripe.TaxRate[];
    metadata: Stripe.Metadata;
    subscription: string | null;
  },
): Stripe.InvoiceLineItem {
  const rates = line.taxRates.length > 0 ? line.taxRates : invoice.default_tax_rates;
  const taxes = rates.map((rate) => taxOn(line.amount, rate, invoice.customer_tax_exempt));
  return ctx.store.insert<Stripe.InvoiceLineItem>({
    id: newId('il'),
    object: 'line_item',
    amount: line.amount,
    currency: invoice.currency,
    description: line.description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: invoice.id,
    livemode: false,
    metadata: line.metadata,
    parent: line.parent,
    period: line.period,
    pretax_credit_amounts: [],
    pricing: line.price && {
      type: 'price_details',
      price_details: { price: line.price.id, product: line.price.product as string },
      unit_amount_decimal: Stripe.Decimal.from(line.price.unit_amount ?? 0),
    },
    quantity: line.quantity,
    quantity_decimal: Stripe.Decimal.from(line.quantity),
    subscription: line.subscription,
    subtotal: line.amount,
    taxes,
  });
}

/** One tax of one amount; a customer exempt from tax gets the rate with an amount of 0 and the reason. */
export function taxOn(amount: number, rate: Stripe.TaxRate, exempt: TaxExempt): Stripe.InvoiceLineItem.Tax {
  const exempted = exempt === 'exempt' || exempt === 'reverse';
  const tax = exempted ? 0 : taxOfLine(amount, rate);
  return {
    amount: tax,
    tax_behavior: rate.inclusive ? 'inclusive' : 'exclusive',
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason:
      exempt === 'reverse' ? 'reverse_charge' : exempt === 'exempt' ? 'customer_exempt' : 'not_available',
    taxable_amount: exempted ? 0 : rate.inclusive ? amount - tax : amount,
    type: 'tax_rate_details',
  };
}

/** Sums of lines with amounts and taxes: of an invoice or a credit note. */
export function totalsOf(lines: readonly { amount: number; taxes: Stripe.InvoiceLineItem.Tax[] | null }[]) {
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const byRate = new Map<string, Stripe.Invoice.TotalTax>();
  for (const tax of lines.flatMap((line) => line.taxes ?? [])) {
    const key = `${tax.tax_rate_details?.tax_rate} ${tax.taxability_reason}`;
    const sum = byRate.get(key);
    byRate.set(key, {
      ...tax,
      amount: tax.amount + (sum?.amount ?? 0),
      taxable_amount: (tax.taxable_amount ?? 0) + (sum?.taxable_amount ?? 0),
    });
  }
  const taxes = [...byRate.values()];
  const sumOf = (behavior: string) =>
    taxes.filter((tax) => tax.tax_behavior === behavior).reduce((sum, tax) => sum + tax.amount, 0);
  const withoutTax = subtotal - sumOf('inclusive');
  return { subtotal, withoutTax, total: subtotal + sumOf('exclusive'), taxes };
}
