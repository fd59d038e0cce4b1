import { createHash, timingSafeEqual } from 'node:crypto';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import {
  type AuditEntry,
  EndEnrolments,
  EntitlementsPush,
  ExtendUpdates,
  IssueEnrolment,
  IssueLicence,
  LicenceId,
  PlanData,
  ProductData,
  ReleaseData,
  ReleaseVersion,
  RevokeLicence,
  StandingPush,
} from '../protocol/admin.ts';
import { WireInstanceId } from '../protocol/requests.ts';
import { Name } from '../protocol/verdict.ts';
import type { ServerContext } from './context.ts';
import { deactivate } from './end-activation.ts';
import { closeEnrolments, issueEnrolment, upEnded } from './enrolment.ts';
import { callerOf, parse } from './http.ts';
import {
  activationView,
  issueLicence,
  knownLicence,
  licenceView,
  listLicences,
  pushEntitlements,
  pushStanding,
  putPlan,
  putRelease,
  revokeLicence,
} from './licences-admin.ts';
import { extendUpdates, previewRenewal } from './perpetual.ts';
import { Refusal } from './refusal.ts';
import type { Licence } from './store/licences.ts';

const Lookup = z.object({ externalRef: z.string().min(1).max(128) });
const ListPage = z.strictObject({
  after: LicenceId.or(z.literal('')).default(''),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const RenewalLookup = z.strictObject({ years: z.coerce.number().pipe(ExtendUpdates.shape.years).default(1) });
const AuditLookup = z.object({ licenseId: LicenceId });
const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{8,200}$/);

/** The calls of the control plane, below /v1/admin. */
export function adminRoutes(context: ServerContext): Router {
  const router = Router();
  const { db } = context;
  router.use(requireAdmin(context.settings.adminToken));

  router.put('/products/:product', async (request, response) => {
    const product = { _id: name(request, 'product'), ...parse(ProductData, request.body) };
    await db.products.put(product);
    response.json({ product: product._id, name: product.name });
  });

  router.put('/products/:product/plans/:plan', async (request, response) => {
    const at = { product: name(request, 'product'), plan: name(request, 'plan') };
    const { requestId } = callerOf(request, response);
    const plan = await putPlan(context, { ...at, requestId }, parse(PlanData, request.body));
    response.json({ ...at, revision: plan.revision, ...plan.data });
  });

  router.put('/products/:product/releases/:version', async (request, response) => {
    const product = name(request, 'product');
    const version = parse(ReleaseVersion, request.params.version);
    const data = parse(ReleaseData, request.body);
    await putRelease(context, { product, version, requestId: callerOf(request, response).requestId }, data);
    response.json({ product, version, ...data });
  });

  router.get('/products/:product/releases', async (request, response) => {
    const releases = await db.releases.of(name(request, 'product'));
    response.json({ releases: releases.map(({ version, releasedOn }) => ({ version, releasedOn })) });
  });

  router.post('/licenses', async (request, response) => {
    const idempotencyKey = parse(IdempotencyKey, request.get('Idempotency-Key'));
    const { requestId } = callerOf(request, response);
    const wish = parse(IssueLicence, request.body);
    const { licence, licenceKey, created } = await issueLicence(context, wish, { idempotencyKey, requestId });
    response.status(created ? 201 : 200).json(await licenceView(context, licence, licenceKey));
  });

  router.get('/licenses', async (request, response) => {
    if (request.query.externalRef === undefined) {
      const { after, limit } = parse(ListPage, request.query);
      response.json(await listLicences(context, after, limit));
      return;
    }
    const { externalRef } = parse(Lookup, request.query);
    const licences = await db.licences.byExternalRef(externalRef);
    response.json({ licenses: await Promise.all(licences.map((licence) => licenceView(context, licence))) });
  });

  router.get('/licenses/:id', async (request, response) => {
    await view(response, await knownLicence(context, licenceId(request)));
  });

  router.post('/licenses/:id/standing', async (request, response) => {
    const push = parse(StandingPush, request.body);
    const { requestId } = callerOf(request, response);
    await view(response, await pushStanding(context, licenceId(request), push, requestId));
  });

  router.post('/licenses/:id/entitlements', async (request, response) => {
    const push = parse(EntitlementsPush, request.body);
    const { requestId } = callerOf(request, response);
    await view(response, await pushEntitlements(context, licenceId(request), push, requestId));
  });

  router.get('/licenses/:id/renewal', async (request, response) => {
    const wish = parse(RenewalLookup, request.query);
    response.json(previewRenewal(await knownLicence(context, licenceId(request)), wish));
  });

  router.post('/licenses/:id/extend', async (request, response) => {
    const idempotencyKey = parse(IdempotencyKey, request.get('Idempotency-Key'));
    const wish = parse(ExtendUpdates, request.body);
    const { requestId } = callerOf(request, response);
    const call = { idempotencyKey, requestId };
    await view(response, await extendUpdates(context, licenceId(request), wish, call));
  });

  router.post('/licenses/:id/revoke', async (request, response) => {
    const body = parse(RevokeLicence, request.body);
    const { requestId } = callerOf(request, response);
    await view(response, await revokeLicence(context, licenceId(request), body, requestId));
  });

  router.post('/instances/:id/deactivate', async (request, response) => {
    const id = parse(WireInstanceId, request.params.id);
    const activation = await deactivate(context, id, callerOf(request, response).requestId);
    response.json(activationView(await knownLicence(context, activation.licenceId), activation));
  });

  router.post('/enrollments', async (request, response) => {
    const wish = parse(IssueEnrolment, request.body);
    response.json(await issueEnrolment(context, wish, callerOf(request, response).requestId));
  });

  router.post('/enrollments/up-ended', async (request, response) => {
    const body = parse(EndEnrolments, request.body);
    response.json(await upEnded(context, body, callerOf(request, response).requestId));
  });

  router.post('/enrollments/close', async (request, response) => {
    const body = parse(EndEnrolments, request.body);
    response.json(await closeEnrolments(context, body, callerOf(request, response).requestId));
  });

  router.get('/audit', async (request, response) => {
    const records = await db.audit.of(parse(AuditLookup, request.query).licenseId);
    const entries = records.map(
      ({ at, actor, action, licenceId, activationId, requestId, before, after }): AuditEntry => ({
        at: at.toISOString(),
        actor,
        action,
        licenseId: licenceId,
        instanceId: activationId,
        requestId,
        before,
        after,
      }),
    );
    response.json({ entries });
  });

  async function view(response: Response, licence: Licence): Promise<void> {
    response.json(await licenceView(context, licence));
  }

  return router;
}

function name(request: Request, member: 'product' | 'plan'): string {
  return parse(Name, request.params[member]);
}

function licenceId(request: Request): string {
  return parse(LicenceId, request.params.id);
}

function requireAdmin(adminToken: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${adminToken}`);
  return (request, _response, next) => {
    if (!timingSafeEqual(digest(request.get('Authorization') ?? ''), expected)) {
      throw new Refusal('ADMIN_UNAUTHORIZED');
    }
    next();
  };
}
