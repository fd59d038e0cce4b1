import type { Stripe } from 'stripe';
import { z } from 'zod';
import { answerChallenge, challenged, returnAddress } from './flows/three-d-secure.ts';
import type { ApiRequest } from './kernel/api.ts';
import type { Context, Emulator } from './kernel/context.ts';
import { StripeError } from './kernel/errors.ts';
import { FaultOrder } from './kernel/faults.ts';
import { textPdf } from './kernel/pdf.ts';
import type { PageAnswer } from './kernel/server.ts';
import { advanceClock } from './kernel/timers.ts';

/** Ten years in ms: longer than any test needs, short enough that dates stay valid. */
const furthestMs = 10 * 366 * 24 * 3600 * 1000;
const ClockOrder = z.strictObject({ advanceMs: z.number().int().min(0).max(furthestMs) });
const ChallengeAnswer = z.object({ answer: z.enum(['approve', 'refuse']) });

/** Everything under `/emulator/`: the page of the customer's bank, documents, the clock and the faults. */
export function createPages(emulator: Emulator): (request: ApiRequest) => PageAnswer {
  const within = <Result>(work: (ctx: Context) => Result) => {
    const ctx: Context = { ...emulator, request: { id: null, idempotency_key: null }, publishable: false };
    const result = emulator.database.transaction(() => work(ctx));
    emulator.deliveries.wake();
    return result;
  };
  return (request) => {
    const place = request.path.split('/').slice(2);
    const asked = `${request.method} ${place[0] ?? ''}`;
    try {
      if (asked === 'GET 3ds') return within((ctx) => challengePage(challenged(ctx, place[1] ?? '')));
      if (asked === 'POST 3ds') return within((ctx) => challengeAnswered(ctx, { id: place[1] ?? '', request }));
      if (asked === 'GET invoices') return within((ctx) => invoicePdf(ctx, place[1] ?? ''));
      if (asked === 'GET credit_notes') return within((ctx) => creditNotePdf(ctx, place[1] ?? ''));
      if (asked === 'GET clock') return json(200, { now: emulator.clock.milliseconds() });
      if (asked === 'POST clock') {
        advanceClock(emulator, ordered(request, ClockOrder).advanceMs);
        return json(200, { now: emulator.clock.milliseconds() });
      }
      if (asked === 'POST faults') {
        emulator.faults.order(ordered(request, FaultOrder));
        return json(200, { ordered: true });
      }
      if (asked === 'GET deliveries') return json(200, { waiting: emulator.deliveries.waiting() });
      if (asked === 'DELETE faults') {
        emulator.faults.clear();
        return json(200, { cleared: true });
      }
      return json(404, { error: { type: 'invalid_request_error', message: `Nothing stands at ${request.path}.` } });
    } catch (error) {
      if (error instanceof StripeError) return json(error.status, { error: error.detail });
      throw error;
    }
  };
}

/** A control's JSON. Its content type keeps pages of other origins out: they may not send it without a preflight. */
function ordered<Schema extends z.ZodType>(request: ApiRequest, schema: Schema): z.output<Schema> {
  const refuse = (message: string) => new StripeError(400, { type: 'invalid_request_error', message });
  if (!request.headers['content-type']?.startsWith('application/json')) throw refuse('Send JSON as application/json.');
  let given: unknown;
  try {
    given = JSON.parse(request.body);
  } catch {
    throw refuse('This is not JSON.');
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error));
  return parsed.data;
}

function challengeAnswered(ctx: Context, { id, request }: { id: string; request: ApiRequest }): PageAnswer {
  const given = ChallengeAnswer.safeParse(Object.fromEntries(new URLSearchParams(request.body)));
  if (!given.success) {
    return json(400, {
      error: { type: 'invalid_request_error', message: 'answer is approve or refuse', param: 'answer' },
    });
  }
  const before = challenged(ctx, id);
  const after = answerChallenge(ctx, before, given.data.answer);
  const address = returnAddress(before, after);
  if (address) return { status: 303, headers: { location: address }, body: '' };
  return page(`<p>Done: ${after.status}. You can close this page.</p>`);
}

function challengePage(intent: Stripe.PaymentIntent | Stripe.SetupIntent): PageAnswer {
  if (intent.status !== 'requires_action') return page(`<p>Nothing to approve: ${intent.status}.</p>`);
  const what =
    intent.object === 'payment_intent'
      ? `a payment of <strong>${money(intent.amount, intent.currency)}</strong>`
      : 'that your card is saved for later payments';
  return page(`<p>Do you approve ${what}?</p>
<form method="post">
<button name="answer" value="approve">Approve</button>
<button name="answer" value="refuse">Refuse</button>
</form>`);
}

function page(content: string): PageAnswer {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your bank (Stripe emulator)</title>
<style>body{font:1.1rem system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1.5rem;margin-right:1rem}</style>
</head><body><main><h1>Your bank</h1>
<p>This page stands in for the 3-D Secure page of a bank. No real money moves.</p>
${content}</main></body></html>
`,
  };
}

function invoicePdf(ctx: Context, id: string): PageAnswer {
  const invoice = ctx.store.get('invoice', id);
  const lines = ctx.store.all('line_item', { invoice: id });
  return pdf([
    `Invoice ${invoice.number ?? '(draft)'}`,
    `Issued by ${invoice.account_name}`,
    `To ${invoice.customer_name ?? ''} ${invoice.customer_email ?? ''}`,
    '',
    ...lines.map((line) => `${line.description ?? ''}   ${money(line.amount, line.currency)}`),
    '',
    `Without tax   ${money(invoice.total_excluding_tax ?? invoice.total, invoice.currency)}`,
    `Total   ${money(invoice.total, invoice.currency)}`,
    `Status   ${invoice.status}`,
  ]);
}

function creditNotePdf(ctx: Context, id: string): PageAnswer {
  const note = ctx.store.get('credit_note', id);
  return pdf([`Credit note ${note.number}`, '', `Total   ${money(note.total, note.currency)}`]);
}

function pdf(lines: string[]): PageAnswer {
  return { status: 200, headers: { 'content-type': 'application/pdf' }, body: textPdf(lines) };
}

function money(minorUnits: number, currency: string): string {
  return `${(minorUnits / 100).toFixed(2)} ${currency.toUpperCase()}`;
}

function json(status: number, body: unknown): PageAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
