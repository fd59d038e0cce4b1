import type { ActivationStatus } from '../../protocol/admin.ts';
import type { PortalInstances } from '../../protocol/portal.ts';
import type { ServerContext } from '../context.ts';
import type { Licence } from '../store/licence.ts';
import { licenceOfAccount } from './account-scope.ts';
import { portalInstance } from './portal-views.ts';

const licencesAtOnce = 500;

/**
 * A page of the nodes of an account, or of one of its licences, by licence and id; however many licences the account
 * has, a page reads no more of them than it needs. Throws SUBSCRIPTION_NOT_FOUND.
 */
export async function listInstances(
  context: ServerContext,
  account: string,
  request: { licenceId: string | undefined; statuses: ActivationStatus[]; after: string; limit: number },
): Promise<PortalInstances> {
  const { licenceId, statuses, after, limit } = request;
  const { activations, licences } = context.db;
  const instances: PortalInstances['instances'] = [];
  const [lastLicence = '', lastNode = ''] = after.split('.');
  const add = (licence: Licence, found: Parameters<typeof portalInstance>[1][]) =>
    instances.push(...found.map((activation) => portalInstance(licence, activation)));

  const only = licenceId === undefined ? null : await licenceOfAccount(context, account, licenceId);
  const begun = only ?? (lastLicence === '' ? null : await licences.find(lastLicence));
  // The licence in which the previous page ended, if it still belongs to the account.
  if (begun !== null && begun.account === account) {
    const from = begun._id === lastLicence ? lastNode : '';
    add(begun, await activations.page(begun._id, statuses, from, limit));
  }
  for (let last = lastLicence; only === null && instances.length < limit; ) {
    const batch = await licences.ofAccount(account, last, licencesAtOnce);
    const byId = new Map(batch.map((licence) => [licence._id, licence]));
    const found = await activations.first([...byId.keys()], statuses, limit - instances.length);
    for (const activation of found) add(byId.get(activation.licenceId) as Licence, [activation]);
    if (batch.length < licencesAtOnce) break;
    last = (batch.at(-1) as Licence)._id;
  }
  const end = instances.length === limit ? instances.at(-1) : undefined;
  return { instances, next: end ? `${end.licenseId}.${end.instanceId}` : null };
}
