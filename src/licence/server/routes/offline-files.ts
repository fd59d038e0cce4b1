import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import { IdempotencyKey, LicenceId } from '../../protocol/admin.ts';
import { OfflineFileAnswer, OfflineFileId, OfflineFileList, OfflineFileRequest } from '../../protocol/offline-file.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import type { Guard } from '../guards/guard.ts';
import { requireAccount } from '../guards/require-account.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import { knownLicence } from '../licences/licences-admin.ts';
import { issueOfflineFile, listOfflineFiles, readOfflineFile } from '../offline/offline-files.ts';
import { licenceOfAccount } from '../portal/account-scope.ts';
import type { Licence } from '../store/licence.ts';

const params = z.object({ id: LicenceId });

/** Offline files of a licence: for the members of its account and, below /v1/admin, for the control plane. */
export const offlineFileRoutes = [
  ...callsFor({
    base: '/v1',
    mayIssue: requireAccount('admin'),
    mayRead: requireAccount(),
    find: (context, id, { account }) => licenceOfAccount(context, account, id),
  }),
  ...callsFor({
    base: '/v1/admin',
    mayIssue: requireAdmin,
    mayRead: requireAdmin,
    find: (context, id) => knownLicence(context, id),
  }),
];

function callsFor<By extends { actor: string }>(audience: {
  base: string;
  mayIssue: Guard<By>;
  mayRead: Guard<By>;
  find(context: ServerContext, licenceId: string, by: By): Promise<Licence>;
}) {
  const path = `${audience.base}/licenses/{id}/offline-files`;
  const tag = 'offline files';
  return [
    route({
      method: 'post',
      path,
      tag,
      summary: 'Issue a licence file for a cluster or a machine without internet, once per idempotency key',
      description: 'A file cannot be taken back: it is valid and holds its seats until it ends.',
      guard: audience.mayIssue,
      params,
      headers: z.object({ 'idempotency-key': IdempotencyKey }),
      body: OfflineFileRequest,
      answers: { 201: OfflineFileAnswer, 200: OfflineFileAnswer },
      problems: [
        'SUBSCRIPTION_NOT_FOUND',
        'SUBSCRIPTION_NOT_ACTIVE',
        'ACTIVE_INSTANCES_CAPACITY_EXCEEDED',
        'OFFLINE_LICENSE_ALREADY_ISSUED',
        'OFFLINE_NOT_POSSIBLE',
        'CLUSTER_ID_MISMATCH',
        'IDEMPOTENCY_CONFLICT',
      ],
      async handler({ params, headers, body, caller, context }) {
        const licence = await audience.find(context, params.id, caller);
        const by: Actor = { actor: caller.actor, requestId: caller.requestId };
        const call = { ...by, idempotencyKey: headers['idempotency-key'] };
        const { answer, created } = await issueOfflineFile(context, licence, body, call);
        return { status: created ? 201 : 200, body: answer };
      },
    }),
    route({
      method: 'get',
      path,
      tag,
      summary: 'The offline files of a licence, newest first',
      guard: audience.mayRead,
      params,
      answers: { 200: OfflineFileList },
      problems: ['SUBSCRIPTION_NOT_FOUND'],
      handler: async ({ params, caller, context }) => ({
        status: 200,
        body: await listOfflineFiles(context, await audience.find(context, params.id, caller)),
      }),
    }),
    route({
      method: 'get',
      path: `${path}/{file}`,
      tag,
      summary: 'One offline file with its text',
      guard: audience.mayIssue,
      params: params.extend({ file: OfflineFileId }),
      answers: { 200: OfflineFileAnswer },
      problems: ['SUBSCRIPTION_NOT_FOUND', 'NO_SUCH_OFFLINE_FILE'],
      handler: async ({ params, caller, context }) => ({
        status: 200,
        body: await readOfflineFile(context, await audience.find(context, params.id, caller), params.file),
      }),
    }),
  ];
}
