import { type Request, type Response, Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import { type CheckAnswer, replayHeader } from '../protocol/answers.ts';
import {
  ActivationRequest,
  CheckRequest,
  RecoverRequest,
  RedeemRequest,
  ReleaseRequest,
  ValidateRequest,
  WireInstanceId,
} from '../protocol/requests.ts';
import { type SeatGrant, wireGrant, wishOfActivation, wishOfRedeem } from '../protocol/words.ts';
import { activate } from './activate.ts';
import { check } from './check.ts';
import type { ServerContext } from './context.ts';
import { release } from './end-activation.ts';
import { redeem } from './enrolment.ts';
import { callerOf, parse, sendProblem } from './http.ts';
import { proveByKey, validate } from './licence-by-key.ts';
import { recover } from './recover.ts';
import { Refusal } from './refusal.ts';

/** The calls of nodes, below /v1: no sign-in, each proves itself by a key, a token or a secret in its body. */
export function publicRoutes(context: ServerContext): Router {
  const router = Router();
  router.use(
    rateLimit({
      windowMs: 10_000,
      limit: context.settings.requestsPer10s,
      standardHeaders: 'draft-7',
      legacyHeaders: false,
      handler: (request, response) =>
        sendProblem(
          response,
          new Refusal('RATE_LIMITED', 'Too many requests from this address.', { retryAfterSec: 10 }),
          callerOf(request, response).requestId,
        ),
    }),
  );

  router.post('/activations', async (request, response) => {
    const { licenceKey, product, ...wish } = wishOfActivation(parse(ActivationRequest, request.body));
    const caller = callerOf(request, response);
    const licence = await proveByKey(context, { licenceKey, product }, caller);
    granted(response, await activate(context, licence, wish, { ...caller, actor: 'key-holder' }));
  });

  router.post('/enrollments/redeem', async (request, response) => {
    const wish = wishOfRedeem(parse(RedeemRequest, request.body));
    granted(response, await redeem(context, wish, callerOf(request, response)));
  });

  router.post('/instances/:id/check', async (request, response) => {
    const id = activationIdOf(request);
    const body = parse(CheckRequest, request.body);
    answered(response, await check(context, id, body, callerOf(request, response)));
  });

  router.post('/instances/:id/recover', async (request, response) => {
    const id = activationIdOf(request);
    const body = parse(RecoverRequest, request.body);
    answered(response, await recover(context, id, body, callerOf(request, response)));
  });

  router.post('/instances/:id/release', async (request, response) => {
    const id = activationIdOf(request);
    await release(context, id, parse(ReleaseRequest, request.body), callerOf(request, response));
    response.status(204).end();
  });

  router.post('/licenses/validate', async (request, response) => {
    response.json(await validate(context, parse(ValidateRequest, request.body), callerOf(request, response)));
  });

  return router;
}

function activationIdOf(request: Request): string {
  return parse(WireInstanceId, request.params.id);
}

function granted(response: Response, { grant, created }: { grant: SeatGrant; created: boolean }): void {
  if (!created) response.set(replayHeader, 'true');
  response.status(created ? 201 : 200).json(wireGrant(grant));
}

function answered(response: Response, { answer, replay }: { answer: CheckAnswer; replay: boolean }): void {
  if (replay) response.set(replayHeader, 'true');
  response.json(answer);
}
