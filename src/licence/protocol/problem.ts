import { z } from 'zod';
import { licenceCodeNames } from './codes.ts';

/**
 * Who holds a seat: a node, as its activation named it, or an offline file, for its cluster. What it does not have is
 * null.
 */
export const SeatHolder = z
  .strictObject({
    /** The node; null for an offline file. */
    instanceId: z.string().nullable(),
    /** The offline file; null for a node. */
    offlineFileId: z.string().nullable(),
    nodeName: z.string().nullable(),
    clusterId: z.string().nullable(),
    hostname: z.string().nullable(),
    /** The process of the node that activated it last. */
    bootId: z.string().nullable(),
    /** Since when it holds the seat. */
    since: z.iso.datetime(),
    /** When another node may take the seat, if this one does not check before. */
    until: z.iso.datetime(),
  })
  .meta({ id: 'SeatHolder' });
export type SeatHolder = z.infer<typeof SeatHolder>;

/**
 * Body of every answer with a status of 400 or more.
 *
 * Only `verdict` can stop a node: a refusal without a verdict that verifies counts as "server not reached".
 */
export const LicenceProblem = z
  .strictObject({
    code: z.enum(licenceCodeNames),
    /** Number of the code; stable for ever. */
    num: z.int(),
    title: z.string(),
    /** What exactly went wrong; never contains a key, a secret or a token. */
    detail: z.string(),
    retryable: z.boolean(),
    remedy: z.string(),
    /** The check's requestId if the call has one, otherwise an id made by the server; also in its log. */
    requestId: z.string(),
    /** Signed verdict (compact JWS) whose claim `refusal` says why the node must lock. */
    verdict: z.string().optional(),
    /**
     * With ACTIVE_INSTANCES_CAPACITY_EXCEEDED up to 20 that hold seats of the requested mode, those whose seat is kept
     * for the shortest time first; with SEAT_FLAPPING the node that holds the seat of this name.
     */
    holders: z.array(SeatHolder).optional(),
  })
  .meta({ id: 'LicenceProblem' });
export type LicenceProblem = z.infer<typeof LicenceProblem>;
