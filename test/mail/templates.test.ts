import { describe, expect, test } from '@jest/globals';
import { renderInvitation } from '../../src/mail/invitation.ts';
import { renderLateRefund } from '../../src/mail/late-refund.ts';
import { renderNotDelivered } from '../../src/mail/not-delivered.ts';
import { renderOrderLink } from '../../src/mail/order-link.ts';
import { renderOutcome } from '../../src/mail/outcome.ts';
import { renderPayment } from '../../src/mail/payment.ts';
import type { PaidOrder } from '../../src/mail/payment-rows.ts';
import { productLinks } from '../../src/mail/product-links.ts';
import { renderReady } from '../../src/mail/ready.ts';
import { renderSignInCode } from '../../src/mail/sign-in-code.ts';

const ready = {
  hostname: 'acme.local.freehold.localhost',
  url: 'https://acme.local.freehold.localhost:4605/',
  adminEmail: 'ada@example.com',
  plan: 'GROW',
  extendedSupport: false,
  links: productLinks({ FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:4600', FREEHOLD_BASE_DOMAIN: 'freehold.localhost' }),
  payment: undefined,
};
const undone = { paid: 0, refunded: 0, removing: [], name: 'free' } as const;
const order = {
  orderId: 'ord_0123456789abcdef',
  hostname: ready.hostname,
  currency: 'EUR' as const,
  orderUrl: 'http://127.0.0.1:4600/orders/ord_0123456789abcdef',
};

describe('invitation mail', () => {
  const invitation = {
    account: 'ada@example.com',
    inviter: 'grace@example.com',
    rights: ['order servers and pay for them', 'see servers, orders and licences'],
    url: 'http://127.0.0.1:4600/invitation?key=abc_DEF-123',
    validMs: 7 * 86_400_000,
  };

  test('names who invites to what, what it allows, the whole link and how long it works, in both forms', () => {
    const { subject, html, text } = renderInvitation(invitation);
    expect(subject).toBe('You are invited to the account ada@example.com');
    expect(text).toContain(invitation.url);
    expect(html).toContain('/invitation?key&#x3D;abc_DEF-123');
    for (const body of [html, text]) {
      for (const words of [invitation.inviter, ...invitation.rights, 'works once, for 7 days']) {
        expect(body).toContain(words);
      }
    }
  });

  test.each([
    [3_600_000, 'for an hour'],
    [86_400_000, 'for 24 hours'],
    [2 * 86_400_000, 'for 2 days'],
    [1, 'for an hour'],
  ])('says %d ms in words', (validMs, words) => {
    expect(renderInvitation({ ...invitation, validMs }).text).toContain(words);
  });
});

describe('ready mail', () => {
  test('carries address, first steps, documents and the device line in both forms', () => {
    const { subject, html, text } = renderReady(ready);
    expect(subject).toBe('Your server acme.local.freehold.localhost is ready');
    for (const body of [html, text]) {
      expect(body).toContain('https://acme.local.freehold.localhost:4605/');
      expect(body).toContain('Create account');
      expect(body).toContain('ada@example.com');
      expect(body).toMatch(/Any other address is refused/);
      for (const { title, url } of ready.links.documents) {
        expect(body).toContain(title);
        expect(body).toContain(url);
      }
    }
    expect(text).toContain('#define THINGER_SERVER "acme.local.freehold.localhost"');
    expect(html).toContain('#define THINGER_SERVER &quot;acme.local.freehold.localhost&quot;');
  });

  test('promises 24 to 48 hours only where extended support was bought, the forum otherwise', () => {
    const links = { ...ready.links, forum: 'https://community.example.com' };
    const without = renderReady({ ...ready, links });
    const bought = renderReady({ ...ready, links, extendedSupport: true });
    for (const body of [without.html, without.text]) {
      expect(body).toContain('https://community.example.com');
      expect(body).not.toMatch(/24 to 48 hours/);
    }
    for (const body of [bought.html, bought.text]) {
      expect(body).toMatch(/24 to 48 hours/);
      expect(body).toContain('support@freehold.localhost');
      expect(body).not.toContain('https://community.example.com');
    }
  });

  test('escapes what a customer typed', () => {
    const { html } = renderReady({ ...ready, adminEmail: '"<b>x</b>"@example.com' });
    expect(html).not.toContain('<b>x</b>');
  });

  test('serves dark mode and stands without a style block', () => {
    const { html } = renderReady(ready);
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html).toContain('name="color-scheme" content="light dark"');
    expect(html.replace(/<style>[\s\S]*<\/style>/, '')).toMatch(/style="[^"]*background:#ffffff/);
    expect(Buffer.byteLength(html)).toBeLessThan(102_400);
  });
});

test('links are configuration, and lead to our own documents where none is given', () => {
  const base = { FREEHOLD_PUBLIC_URL: 'https://freehold.example/', FREEHOLD_BASE_DOMAIN: 'servers.example' };
  expect(productLinks(base)).toMatchObject({ forum: undefined, support: 'support@servers.example' });
  expect(productLinks(base).documents.map(({ url }) => url)).toEqual([
    'https://freehold.example/help/first-steps',
    'https://freehold.example/help/devices',
    'https://freehold.example/help/server',
  ]);
  const configured = productLinks({
    ...base,
    FREEHOLD_DOCUMENTS_URL: 'https://docs.example/',
    FREEHOLD_FORUM_URL: 'https://forum.example',
    FREEHOLD_SUPPORT_EMAIL: 'help@example.com',
  });
  expect(configured).toMatchObject({ forum: 'https://forum.example', support: 'help@example.com' });
  expect(configured.documents[0]?.url).toBe('https://docs.example/first-steps');
  expect(renderReady({ ...ready, links: productLinks(base) }).text).toContain('The documents above answer most');
});

test('a mail is never rendered with a hole in it', () => {
  const { adminEmail: _left, ...incomplete } = ready;
  expect(() => renderReady(incomplete as typeof ready)).toThrow(/adminEmail/);
});

describe('what was paid', () => {
  const paid: PaidOrder = {
    orderId: order.orderId,
    hostname: order.hostname,
    plan: 'GROW',
    cycle: 'monthly',
    currency: 'EUR',
    net: 2900,
    tax: { country: 'ES', basisPoints: 2_100, name: 'VAT', day: '2026-11-22', amount: 609 },
    paid: 3509,
    invoice: { number: 'ABCD-0001', url: 'https://invoice.stripe.com/i/1' },
    next: { amount: 3509, at: new Date('2026-12-22T10:00:00Z') },
  };
  const rows = [
    ['Net', '€29.00'],
    ['VAT 21 % (ES, rate of 2026-11-22)', '€6.09'],
    ['Paid', '€35.09'],
    ['Invoice', 'ABCD-0001'],
    ['Next charge', '€35.09 on 22 December 2026, for the next month'],
  ];

  test('stands in the receipt: tax with its day, invoice, and the next charge', () => {
    const { html, text } = renderPayment({ ...paid, orderUrl: order.orderUrl });
    for (const body of [html, text]) for (const part of rows.flat()) expect(body).toContain(part);
    expect(text).toContain('(https://invoice.stripe.com/i/1)');
    expect(html).toContain('href="https://invoice.stripe.com/i/1"');
    const free = renderPayment({ ...paid, invoice: undefined, next: undefined, orderUrl: order.orderUrl });
    expect(free.text).toContain('Next charge: none');
    expect(free.text).not.toContain('Invoice');
  });

  test('stands in the ready mail of an administrator who paid themselves', () => {
    const { html, text } = renderReady({ ...ready, payment: { paid, orderUrl: order.orderUrl } });
    for (const body of [html, text]) for (const part of rows.flat()) expect(body).toContain(part);
    expect(text).toContain(`See the order: ${order.orderUrl}`);
    expect(renderReady(ready).text).not.toContain('Next charge');
  });
});

describe('apology', () => {
  test('names the reason and the money that goes back', () => {
    const { html, text } = renderNotDelivered({
      ...{ ...order, ...undone, reason: 'host_unhealthy' },
      ...{ paid: 120_000, refunded: 120_000 },
    });
    for (const body of [html, text]) {
      expect(body).toContain('The server was built but does not answer.');
      expect(body).toContain('€1,200.00 goes back to the card or account you paid with.');
    }
  });

  test('says so when nothing was charged', () => {
    expect(renderNotDelivered({ ...order, ...undone, reason: 'stack_failed' }).text).toContain('Nothing was charged.');
  });
});

test.each([
  ['declined', 'too_many_declines', 'The payment was declined'],
  ['expired', 'payment_expired', 'The order has expired'],
  ['cancelled', 'cancelled_by_customer', 'The order is cancelled'],
] as const)('an order that ended %s unpaid says why and, once, that nothing was charged', (state, reason, title) => {
  const { subject, text } = renderOutcome({ ...order, ...undone, state, reason });
  expect(subject).toBe(`${title}: acme.local.freehold.localhost`);
  expect(text.match(/Nothing was charged\./g)).toHaveLength(1);
  expect(text).not.toContain('No money is kept');
  expect(text).toContain('The name is free, you can order it again.');
});

test('what was paid outside our payment service is returned by a person, and nobody is told that nothing was', () => {
  const input = { ...order, ...undone, reason: 'cancelled_by_customer', paid: 120_000, refunded: 20_000 } as const;
  for (const { text } of [renderOutcome({ ...input, state: 'cancelled' }), renderNotDelivered(input)]) {
    expect(text).toContain('€200.00 goes back');
    expect(text).toContain('€1,000.00 reached us outside our payment service; our team returns it to you.');
    expect(text).not.toContain('Nothing was charged');
  }
});

test('a mail that leaves before everything is removed names what is left, and promises the name after its release', () => {
  const early = { ...order, ...undone, removing: ['server', 'name'], name: 'held' } as const;
  const cancelled = renderOutcome({ ...early, state: 'cancelled', reason: 'cancelled_by_customer' });
  const apology = renderNotDelivered({ ...early, reason: 'stack_failed' });
  for (const { text } of [cancelled, apology]) {
    expect(text).toContain('Still being removed: the server, the hold on its name.');
    expect(text).toContain('You can order acme.local.freehold.localhost again as soon as everything is removed.');
    expect(text).not.toMatch(/The name is free|Nothing is left/);
  }
  expect(renderNotDelivered({ ...order, ...undone, reason: 'hostname_taken', name: 'taken' }).text).toContain(
    'Somebody else has the name by now',
  );
});

test('a sign-in code stands in the subject, with its minutes in the text', () => {
  const { subject, text } = renderSignInCode({ code: '482913', validMs: 600_000 });
  expect(subject).toBe('482913 is your sign-in code');
  expect(text).toContain('for 10 minutes');
  expect(renderSignInCode({ code: '482913', validMs: 60_000 }).text).toContain('for 1 minute.');
});

test('a subject is one line, whatever a name holds', () => {
  const { subject } = renderReady({ ...ready, hostname: 'acme\r\nBcc: all@example.com' });
  expect(subject).not.toMatch(/[\r\n]/);
});

test.each([
  [true, 'Your payment has arrived.'],
  [false, 'Nothing is paid yet: the server is built once your payment has arrived.'],
])('the link of an order, paid: %s', (isPaid, state) => {
  const { orderId, hostname, orderUrl } = order;
  const { subject, html, text } = renderOrderLink({ orderId, hostname, orderUrl, isPaid });
  expect(subject).toBe('Your order: acme.local.freehold.localhost');
  for (const body of [html, text]) {
    expect(body).toContain(state);
    expect(body).toContain(orderId);
    expect(body).toContain(orderUrl);
    expect(body).toContain(hostname);
  }
});

test('a payment that came too late: how much goes back, and of which order', () => {
  const { subject, html, text } = renderLateRefund({ ...order, amount: 3_509, isRepeated: false });
  expect(subject).toBe('Your payment goes back: acme.local.freehold.localhost');
  for (const body of [html, text]) {
    expect(body).toMatch(/35[.,]09/);
    expect(body).toContain(order.orderId);
    expect(body).toContain(order.orderUrl);
  }
});
