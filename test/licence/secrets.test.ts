import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createConnection } from 'mongoose';
import { adminToken, type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';

/**
 * L73: after a run of all calls, good and bad ones, no key, secret or token is in a log line, an error body or the
 * database. Calls are taken from the server's own document, so later additions are included automatically.
 */

type Schema = { properties?: Record<string, Schema>; anyOf?: Schema[]; $ref?: string; type?: string };

interface Operation {
  operationId: string;
  security: Record<string, unknown>[];
  parameters: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld();
});
afterAll(() => world?.stop());

const secretName = /key|secret|token|password|code$/i;

test('L73: no key, secret or token in logs, error bodies or the database after a run of all calls', async () => {
  await world.putPlan('SHOWN', { keyReveal: 'again' });
  const secrets = new Set<string>([adminToken]);
  const secret = (text: string) => {
    secrets.add(text);
    return text;
  };
  const account = 'acc_scanned';
  const member = secret(await world.accounts.token({ account, role: ['admin', 'payer'] }));
  const keep = async <T>(reply: Promise<T>): Promise<T> => {
    const found = JSON.stringify(await reply).matchAll(/"(?:licenseKey|secret|enrollmentToken)":"([^"]+)"/g);
    for (const [, text] of found) secret(text as string);
    return reply;
  };

  // Good calls, so that real secrets are in play and stored.
  const { licenseId, licenseKey } = await keep(world.issue({ account, plan: 'SHOWN', seats: 9 }));
  const enrolment = await keep(world.enrol(licenseId));
  const { body: node } = await keep(world.activate(licenseKey));
  const node1 = { enrollmentToken: enrolment.enrollmentToken, activationId: randomUUID(), node: { name: 'n1' } };
  const { body: redeemed } = await keep(world.call<typeof node>('POST', '/v1/enrollments/redeem', node1));
  await keep(world.check(node.instanceId, { secret: node.secret }));
  await keep(world.check(node.instanceId, { secret: node.secret, bootId: 'copy' }));
  const recover = { requestId: randomUUID(), node: { name: 'n1' }, bootId: 'b', licenseKey };
  await keep(world.call('POST', `/v1/instances/${redeemed.instanceId}/recover`, recover));
  const as = { account, role: ['admin' as const, 'payer' as const] };
  await keep(world.me(as, 'POST', `/licenses/${licenseId}/key/reveal`));
  await keep(world.me(as, 'POST', `/licenses/${licenseId}/key/rotate`, undefined, { 'Idempotency-Key': randomUUID() }));
  const keysFile = JSON.parse(await readFile(join(world.folder, 'keys', 'licence.json'), 'utf8'));
  const collect = (value: unknown): void => {
    if (typeof value === 'string' && value.length >= 40) secret(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const { jwk } of keysFile.signing as { jwk: { d: string } }[]) secret(jwk.d);
  collect([keysFile.rotation, keysFile.sealing, keysFile.enrolment, keysFile.licenceKey, keysFile.pepper]);

  // Bad calls of everything: real secrets in wrong places, and wrong ones in the right places.
  const { body: document } = await world.call<{
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  }>('GET', '/openapi.json');
  const wrong = () => secret(`not-good-${randomBytes(24).toString('base64url')}`);
  const plausible: Record<string, () => unknown> = {
    product: () => product,
    version: () => '1.0.0',
    activationId: () => randomUUID(),
    requestId: () => randomUUID(),
    licenseId: () => licenseId,
    node: () => ({ name: 'n1' }),
    secret: wrong,
  };
  // Names given by the caller are repeated in the answer: a secret there would be revealed by its owner.
  const toldBack: Record<string, () => unknown> = {
    requestId: () => randomUUID(),
    name: () => 'a name',
    reason: () => 'a reason',
  };
  const everywhere = (value: unknown) => (name: string) => toldBack[name]?.() ?? value;
  const membersOf = (schema: Schema): string[] => {
    const named = schema.$ref?.split('/').at(-1);
    if (named) return membersOf(document.components.schemas[named] ?? {});
    return [...Object.keys(schema.properties ?? {}), ...(schema.anyOf ?? []).flatMap(membersOf)];
  };
  const bodyOf = (operation: Operation, value: (name: string) => unknown) => {
    const schema = operation.requestBody?.content['application/json']?.schema;
    return schema && Object.fromEntries(membersOf(schema).map((name) => [name, value(name)]));
  };
  const errors: string[] = [];
  const called = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const at = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        name !== 'id'
          ? 'x-1'
          : path.includes('/instances/')
            ? node.instanceId
            : path.includes('/licenses/')
              ? licenseId
              : 'x-1',
      );
      const right = operation.security[0]?.account === undefined ? adminToken : member;
      const bodies = [
        bodyOf(operation, (name) => (secretName.test(name) ? wrong() : (plausible[name]?.() ?? 1))),
        bodyOf(operation, everywhere(licenseKey)),
        bodyOf(operation, everywhere(node.secret)),
        bodyOf(operation, everywhere({ [licenseKey]: node.secret })),
      ];
      const bearers = operation.security.length === 0 ? [undefined] : [right, wrong(), `${member}x`];
      for (const bearer of bearers) {
        for (const body of operation.requestBody === undefined ? [undefined] : bodies) {
          const headers = {
            'Idempotency-Key': randomUUID(),
            ...(bearer && { Authorization: `Bearer ${secret(bearer)}` }),
          };
          const reply = await keep(world.call(method.toUpperCase(), at, body, headers));
          called.add(operation.operationId);
          if (reply.status >= 400) errors.push(JSON.stringify([reply.body, ...reply.headers]));
        }
      }
      // A secret in a path or a query is a caller's mistake, but must not appear in our log.
      for (const mistaken of [
        `${path.replaceAll(/\{\w+\}/g, licenseKey)}?secret=${node.secret}`,
        `/v1/${node.secret}`,
      ]) {
        errors.push(JSON.stringify((await world.call(method.toUpperCase(), mistaken, undefined)).body ?? null));
      }
    }
  }
  expect(called.size).toBeGreaterThan(30);
  expect(errors.length).toBeGreaterThan(called.size);

  const log = world.server().output();
  expect(log).toContain('refused');
  const connection = await createConnection(world.database.uri).asPromise();
  const stored: string[] = [];
  for (const { name } of await connection.listCollections()) {
    stored.push(JSON.stringify(await connection.collection(name).find().toArray()));
  }
  await connection.close();
  expect(stored.join('').length).toBeGreaterThan(1000);
  const places = { log, errors: errors.join('\n'), stored: stored.join('\n') };
  expect(secrets.size).toBeGreaterThan(20);
  const leaks = [...secrets].flatMap((text) =>
    Object.entries(places).flatMap(([place, content]) => {
      const i = content.indexOf(text);
      return i < 0 ? [] : [`${place}: …${content.slice(Math.max(0, i - 120), i)}[${text.slice(0, 4)}…]`];
    }),
  );
  expect(leaks).toEqual([]);
}, 180_000);
