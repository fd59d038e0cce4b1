import type { ActivationAnswer } from './answers.ts';
import type { ActivationRequest, RecoverRequest, RedeemRequest, SeatMode, WireNode } from './requests.ts';

/**
 * The one module that maps the names of the wire to ours.
 *
 * | on the wire | in the code |
 * |---|---|
 * | license, licenseKey, enrollment | licence, licenceKey, enrolment |
 * | instance, `instances/{id}`, instanceId, `sub` | activation: one running node that holds a seat |
 * | activationId | chosenId: the id that the node chose before its first request |
 *
 * On this wire "instance" never means the private server that a customer bought.
 */

/** A request for a seat, in our names. */
export interface SeatRequest {
  chosenId: string;
  node: WireNode;
  mode: SeatMode;
  version: string | null;
  bootId: string | null;
  nonce: string | undefined;
}

export function seatRequestOfActivation(
  body: ActivationRequest,
): SeatRequest & { licenceKey: string; product: string } {
  const { licenseKey, activationId, bootId, nonce, ...rest } = body;
  return { ...rest, licenceKey: licenseKey, chosenId: activationId, bootId: bootId ?? null, nonce };
}

export function seatRequestOfRedeem(
  body: RedeemRequest,
): SeatRequest & { enrolmentToken: string; product: string | undefined } {
  return {
    enrolmentToken: body.enrollmentToken,
    chosenId: body.activationId,
    node: body.node,
    mode: 'production',
    product: body.product,
    version: body.version ?? null,
    bootId: body.bootId ?? null,
    nonce: body.nonce,
  };
}

/** The proof of a recovery, in our names. */
export function proofOfRecover(body: RecoverRequest): { licenceKey: string } | { enrolmentToken: string } {
  return body.licenseKey === undefined
    ? { enrolmentToken: body.enrollmentToken as string }
    : { licenceKey: body.licenseKey };
}

/** A granted seat, in our names. */
export interface SeatGrant {
  activationId: string;
  secret: string;
  verdict: string;
}

export function wireGrant(grant: SeatGrant): ActivationAnswer {
  return { instanceId: grant.activationId, secret: grant.secret, license: grant.verdict };
}

export function grantOfWire(answer: ActivationAnswer): SeatGrant {
  return { activationId: answer.instanceId, secret: answer.secret, verdict: answer.license };
}
