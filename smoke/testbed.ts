import { z } from 'zod';
import { createLicenceAdmin } from '../src/activities/licensing/licence-admin.ts';
import { syncProduct } from '../src/activities/licensing/sync-product.ts';
import { ReasonError } from '../src/contracts/reasons.ts';
import { catalogue } from '../src/domain/catalogue/catalogue-data.ts';
import { startPlatform } from '../src/embedded/platform.ts';
import {
  EndEnrolmentsAnswer,
  type IssueLicence,
  LicenceView,
  type RevokeLicence,
} from '../src/licence/protocol/admin.ts';
import { plan } from './estimate.ts';
import { pulumiHomeOf } from './preflight.ts';

/**
 * What a run needs besides a cloud: a database for the lease of its stack, a state backend and a licence server, all
 * separate, so that nothing of an installation is touched. The licence server listens on loopback only; if
 * `LICENCE_SERVER_URL` and `LICENCE_ADMIN_TOKEN` name one that machines can reach, that one is used.
 */
export interface Testbed {
  /** Environment of the runner. */
  env: NodeJS.ProcessEnv;
  /** Whether the built machine can reach the licence server. */
  licenceIsPublic: boolean;
  /** The licence of an instance, the same however often it is requested. */
  issueLicence(instanceId: string): Promise<string>;
  /** How many nodes of an instance hold a seat. */
  activations(instanceId: string): Promise<number>;
  /** Revokes every licence of an instance. */
  revokeLicences(instanceId: string): Promise<void>;
  close(): Promise<void>;
}

export async function openTestbed({ stateDir, signal }: { stateDir: string; signal: AbortSignal }): Promise<Testbed> {
  const { MONGODB_URI: uri, LICENCE_SERVER_URL: publicUrl, LICENCE_ADMIN_TOKEN: publicToken, ...given } = process.env;
  const own = Object.fromEntries(
    Object.entries(given).filter(([name]) => !name.startsWith('PULUMI_') || name === 'PULUMI_ROOT'),
  );
  const platform = await startPlatform({
    ...{ stateDir, ports: 'free', only: ['licence'], signal },
    env: { ...own, ...(uri ? { MONGODB_URI: siblingDatabase(uri) } : {}) },
  });
  const known = platform.env;
  const licenceIsPublic = Boolean(publicUrl && publicToken);
  const licence = {
    serverUrl: licenceIsPublic ? publicUrl! : known.LICENCE_SERVER_URL!,
    adminToken: licenceIsPublic ? publicToken! : known.LICENCE_ADMIN_TOKEN!,
  };
  const ask = createLicenceAdmin(licence);
  try {
    // An installation's server already has the product.
    if (!licenceIsPublic) await syncProduct(ask, checkMs);
    const licencesOf = async (instanceId: string) => {
      const path = `/v1/admin/licenses?externalRef=${encodeURIComponent(instanceId)}`;
      return (await ask('GET', path, z.object({ licenses: z.array(LicenceView) }))).licenses;
    };
    return {
      licenceIsPublic,
      env: {
        ...own,
        MONGODB_URI: known.MONGODB_URI,
        LICENCE_SERVER_URL: licence.serverUrl,
        LICENCE_ADMIN_TOKEN: licence.adminToken,
        // No api runs here: a server keeps the administrator of its contract.
        FREEHOLD_PUBLIC_URL: licence.serverUrl,
        PULUMI_ROOT: known.PULUMI_ROOT,
        PULUMI_HOME: pulumiHomeOf(process.env),
        PULUMI_BACKEND_URL: known.PULUMI_BACKEND_URL,
        PULUMI_CONFIG_PASSPHRASE_FILE: known.PULUMI_CONFIG_PASSPHRASE_FILE,
      },
      async issueLicence(instanceId) {
        const { limits, features } = catalogue.plans.find(({ name }) => name === plan)!;
        const request: IssueLicence = {
          ...{ product: catalogue.product.name, plan, seats: 1, developmentSeats: 0, externalRef: instanceId },
          standing: { standing: 'current', revision: 1, paidUntil: null, endsAt: null },
          ...{ addOns: {}, limits, features, revealKey: false },
        };
        const call = { idempotencyKey: `smoke:${instanceId}`, body: request };
        return (await ask('POST', '/v1/admin/licenses', LicenceView, call)).licenseId;
      },
      async activations(instanceId) {
        const licences = await licencesOf(instanceId);
        return licences.flatMap(({ activations }) => activations).filter(({ status }) => status === 'active').length;
      },
      async revokeLicences(instanceId) {
        for (const { licenseId } of await licencesOf(instanceId)) {
          await ask('POST', '/v1/admin/enrollments/close', EndEnrolmentsAnswer, { body: { licenseId } });
          const body: RevokeLicence = { reason: 'smoke run ended' };
          await ask('POST', `/v1/admin/licenses/${licenseId}/revoke`, LicenceView, { body });
        }
      },
      close: platform.stop,
    };
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

/** How often nodes check their licence, ms. */
const checkMs = 3_600_000;

/** A separate database on the same server as an installation's. */
export function siblingDatabase(uri: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(\?.*)?$/.exec(uri);
  if (!parts) throw new ReasonError('internal', 'MONGODB_URI is not a MongoDB address');
  const [, server, database = '', options = ''] = parts;
  return `${server}/${database || 'freehold'}-smoke${options}`;
}
