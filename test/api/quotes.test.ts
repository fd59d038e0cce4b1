import { describe, expect, test } from '@jest/globals';
import type { Quote, QuoteRequest } from '../../src/contracts/api/quotes.ts';
import { verifyQuote } from '../../src/domain/billing/quote-signature.ts';
import { cart, codeOf, freshName, order, orderBody, quote, signIn, startApi, useApi } from '../support/api.ts';

const api = useApi();

async function refusal(change: Record<string, unknown>) {
  const answer = await api.call('POST', '/v1/quotes', { body: { ...cart(), ...change } });
  return { status: answer.status, code: codeOf(answer), detail: answer.body.detail as string };
}

describe('a quote', () => {
  test('prices the cart to the cent and holds its name', async () => {
    const name = freshName();
    const answer = await api.call('POST', '/v1/quotes', {
      body: cart({ name, addOns: { users: 3, 'extended-support': 1 } }),
    });

    expect(answer.status).toBe(201);
    const { lines, net, tax, total } = answer.body;
    expect(lines.reduce((sum: number, line: { amount: number }) => sum + line.amount, 0)).toBe(net);
    expect(tax).toMatchObject({ country: 'ES', basisPoints: 2100 });
    expect(net + tax.amount).toBe(total);
    expect(answer.body.subject.hostname).toBe(`${name}.local.freehold.localhost`);
    expect(Date.parse(answer.body.expiresAt)).toBeGreaterThan(Date.now() + 29 * 60_000);
    const hold = await api.store.holds.find(name);
    expect(hold).toMatchObject({ holder: 'quote', holderId: answer.body.id });
  });

  test('is signed over exactly what is stored', async () => {
    const answer = await quote(api);
    const stored = await api.store.quotes.find(answer.id);
    const key = api.deps.config.FREEHOLD_SIGNING_KEY;

    expect(verifyQuote({ content: stored?.content, signature: answer.signature, key })).toBe(true);
    const { subject } = stored!.content;
    if (subject.kind !== 'server') throw new Error('the quote is for a server');
    const limits = { ...subject.limits, users: null };
    const changes = [{ total: 1 }, { subject: { ...subject, diskGib: 9_999 } }, { subject: { ...subject, limits } }];
    for (const change of changes) {
      const altered = { ...stored?.content, ...change };
      expect(verifyQuote({ content: altered, signature: answer.signature, key })).toBe(false);
    }
  });

  test('lower-cases the name and keeps its secret token out of the database', async () => {
    const name = freshName();
    const answer = await quote(api, { name: ` ${name.toUpperCase()} ` });
    const hold = await api.store.holds.find(name);
    expect(hold?.tokenHash).not.toContain(answer.holdToken);
  });

  test('advises and warns, but refuses nothing', async () => {
    const answer = await quote(api, { plan: 'MAKER', accounts: 30 });
    expect(answer.advice).toContainEqual(expect.objectContaining({ code: 'plan_for_accounts' }));
    const loaded = await quote(api, { plan: 'STARTUP', addOns: { users: 100 } });
    expect(loaded.warnings).toContainEqual(expect.objectContaining({ code: 'machine_overload' }));
  });
});

describe('a cart that cannot be sold is refused with its reason', () => {
  const refused: [string, Record<string, unknown>, number, string][] = [
    ['an unknown plan', { plan: 'HUGE' }, 422, 'plan_unknown'],
    ['an unknown cycle', { cycle: 'weekly' }, 422, 'cycle_unknown'],
    ['an unknown cloud', { cloud: 'moon' }, 422, 'cloud_unknown'],
    ['a cloud that is not enabled', { cloud: 'aws', region: 'eu-west-1' }, 422, 'cloud_not_enabled'],
    ['an unknown region', { region: 'nowhere' }, 422, 'region_unknown'],
    ['an unknown zone', { zone: 'nowhere' }, 422, 'zone_unknown'],
    ['a cluster that is not enabled', { plan: 'BUSINESS', nodes: 3 }, 422, 'topology_not_enabled'],
    ['an unknown add-on', { addOns: { rockets: 1 } }, 422, 'add_on_unknown'],
    ['an add-on that the plan excludes', { plan: 'MAKER', addOns: { users: 1 } }, 422, 'add_on_not_allowed'],
    ['a quantity beyond the catalogue', { addOns: { users: 1_000_000 } }, 422, 'quantity_out_of_range'],
    ['half a user', { addOns: { users: 1.5 } }, 422, 'quantity_out_of_range'],
    ['a negative quantity', { addOns: { users: -1 } }, 422, 'quantity_out_of_range'],
    ['a brand without a domain', { addOns: { brands: 1 } }, 422, 'brand_needs_domain'],
    ['an unknown country', { country: 'XX' }, 422, 'country_unknown'],
    ['a name of two labels', { name: 'a.b.c' }, 422, 'hostname_malformed'],
    ['a name that begins with a digit', { name: '1abc' }, 422, 'hostname_malformed'],
    ['a name with a letter beyond ASCII', { name: 'sérver' }, 422, 'hostname_malformed'],
    ['a name that is too long', { name: 'a'.repeat(64) }, 422, 'hostname_malformed'],
    ['a reserved name', { name: 'www' }, 422, 'hostname_reserved'],
    ['a field that does not exist', { coupon: 'x' }, 422, 'invalid_request'],
    ['a field of another type', { plan: { $ne: null } }, 422, 'invalid_request'],
    ['a name that is an operator', { name: { $gt: '' } }, 422, 'invalid_request'],
  ];

  test.each(refused)('%s', async (_what, change, status, code) => {
    expect(await refusal(change)).toMatchObject({ status, code });
  });

  test('with everything that is wrong with it at once, each field with its own reason', async () => {
    const wrong = {
      plan: 'HUGE',
      cycle: 'weekly',
      region: 'nowhere',
      addOns: { rockets: 1 },
      name: 'www',
      country: 'XX',
    };
    const { status, body } = await api.call('POST', '/v1/quotes', { body: { ...cart(), ...wrong } });
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'plan_unknown' });
    expect(body.errors.map(({ path, code }: { path: string; code: string }) => [path, code])).toEqual([
      ['plan', 'plan_unknown'],
      ['cycle', 'cycle_unknown'],
      ['region', 'region_unknown'],
      ['addOns.rockets', 'add_on_unknown'],
      ['name', 'hostname_reserved'],
      ['country', 'country_unknown'],
    ]);
    expect(body.errors[0].message).toBe('There is no such plan. (the plans are MAKER, GROW, STARTUP, BUSINESS)');
  });

  test('and with sentences for fields that do not fit at all', async () => {
    const { name: _left, ...rest } = cart();
    const body = { ...rest, plan: 5, accounts: 0, nodes: 1.5, coupon: 'x', addOns: { users: 'two' } };
    const { body: problem } = await api.call('POST', '/v1/quotes', { body });
    expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(
      Object.fromEntries(problem.errors.map((each: { path: string; message: string }) => [each.path, each.message])),
    ).toEqual({
      plan: 'This must be text.',
      name: 'This field is required.',
      'addOns.users': 'This must be a number.',
      accounts: 'This must be 1 or more.',
      nodes: 'This must be a whole number.',
      body: 'There is no such field: coupon.',
    });
  });

  test('and nothing stays held', async () => {
    const name = freshName();
    await refusal({ name, country: 'XX' });
    expect(await api.store.holds.find(name)).toBeNull();
  });
});

describe('a name', () => {
  test('that somebody else holds is refused; its holder gets it again by the hold token', async () => {
    const first = await quote(api);
    const name = first.subject.hostname.split('.')[0] as string;

    expect(await refusal({ name })).toMatchObject({ status: 409, code: 'hostname_held' });
    const again = await quote(api, { name, holdToken: first.holdToken });
    expect(again.holdToken).toBe(first.holdToken);
    expect((await api.store.holds.find(name))?.holderId).toBe(again.id);
  });

  test('is released when the same cart takes another', async () => {
    const first = await quote(api);
    const before = first.subject.hostname.split('.')[0] as string;
    await quote(api, { holdToken: first.holdToken });
    expect(await api.store.holds.find(before)).toBeNull();
  });

  test('that an instance owns is taken', async () => {
    const { record } = await order(api);
    await api.store.holds.own(record.quote.subject.name, record._id, record.instanceId);
    expect(await refusal({ name: record.quote.subject.name })).toMatchObject({ status: 409, code: 'hostname_taken' });
  });

  test('that an order holds is not taken away by a later quote of the same cart', async () => {
    const first = await quote(api);
    const name = first.subject.hostname.split('.')[0] as string;
    const ordered = await api.call('POST', '/v1/orders', {
      headers: { 'idempotency-key': freshName() },
      body: {
        quoteId: first.id,
        signature: first.signature,
        holdToken: first.holdToken,
        adminEmail: 'ada@example.com',
        billing: { name: 'Ada' },
        paymentMethod: 'card',
      },
    });
    const own = await refusal({ name, holdToken: first.holdToken });
    expect(own).toMatchObject({ status: 409, code: 'hostname_ordered', detail: ordered.body.id });
    expect(await refusal({ name })).toMatchObject({ code: 'hostname_held' });
  });

  test('is won by exactly one of many who ask at once', async () => {
    const name = freshName();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.call('POST', '/v1/quotes', { body: cart({ name }) })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'hostname_held')).toHaveLength(9);
  });
});

describe('the limits of unpaid holds', () => {
  test('stop an address after twenty, and never more than that are held', async () => {
    const limited = await startApi(api.databaseUri, { config: { FREEHOLD_HOLDS_PER_IP: 20 } });
    try {
      await api.store.holds.model.deleteMany({});
      const answers = await Promise.all(
        Array.from({ length: 25 }, () => limited.call('POST', '/v1/quotes', { body: cart() })),
      );
      const open = await limited.store.holds.model.countDocuments({});
      expect(open).toBe(20);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
      expect(answers.find(({ status }) => status === 429)?.body.code).toBe('too_many_holds');
    } finally {
      await limited.close();
      await api.store.holds.model.deleteMany({});
    }
  });

  test('stop an account after five', async () => {
    const member = await signIn(api, 'holder@example.com');
    const ask = (change: Partial<QuoteRequest> = {}) =>
      api.call('POST', '/v1/quotes', { body: cart(change), headers: member });
    let last = await ask();
    for (let held = 2; held <= 5; held += 1) last = await ask();
    expect(last.status).toBe(201);

    expect(codeOf(await ask())).toBe('too_many_holds');
    expect((await ask({ holdToken: last.body.holdToken })).status).toBe(201);
  });
});

test('the limits stop a guest after five names of one cart', async () => {
  const first = await quote(api);
  const buy = (offer: Quote) =>
    api.call('POST', '/v1/orders', { body: orderBody(offer), headers: { 'idempotency-key': freshName() } });
  await buy(first);
  const { holdToken } = first;
  for (let held = 2; held <= 5; held += 1) expect((await buy(await quote(api, { holdToken }))).status).toBe(202);
  expect(await refusal({ holdToken })).toMatchObject({ status: 429, code: 'too_many_holds' });
});

describe('the availability of a name', () => {
  const check = (name: string, cloud = 'local') =>
    api.call('GET', `/v1/hostnames/${encodeURIComponent(name)}?cloud=${cloud}`);

  test('is told with free names near to it', async () => {
    const name = freshName();
    expect((await check(name)).body).toMatchObject({ available: true, variants: [] });

    await quote(api, { name });
    await quote(api, { name: `${name}-hq` });
    const { body } = await check(name);
    expect(body).toMatchObject({ available: false, reason: 'hostname_held' });
    expect(body.variants).toHaveLength(3);
    expect(body.variants).not.toContain(`${name}-hq`);
  });

  test('names the broken rule', async () => {
    expect((await check('-no-')).body).toMatchObject({ available: false, reason: 'hostname_malformed' });
    expect((await check('www')).body).toMatchObject({ available: false, reason: 'hostname_reserved' });
    expect(codeOf(await check('fine', 'moon'))).toBe('cloud_unknown');
    expect(codeOf(await api.call('GET', '/v1/hostnames/fine'))).toBe('invalid_request');
  });
});

test('the catalogue is served as it is', async () => {
  const { status, body } = await api.call('GET', '/v1/catalogue');
  expect(status).toBe(200);
  expect(body.plans.map(({ name }: { name: string }) => name)).toEqual(['MAKER', 'GROW', 'STARTUP', 'BUSINESS']);
  expect(
    body.clouds.filter(({ enabled }: { enabled: boolean }) => enabled).map(({ name }: { name: string }) => name),
  ).toEqual(['local']);
});
