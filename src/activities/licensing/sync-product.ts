import { z } from 'zod';
import { catalogue } from '../../domain/catalogue/catalogue-data.ts';
import type { PlanData, ProductData, ReleaseData } from '../../licence/protocol/admin.ts';
import type { LicenceAdmin } from './licence-admin.ts';

/**
 * Sends the product, its plans and its release from the catalogue to the licence server. Idempotent; every control
 * worker runs it at its start. `checkMs` is how often a node requests its verdict.
 */
export async function syncProduct(ask: LicenceAdmin, checkMs: number): Promise<void> {
  const { product, plans } = catalogue;
  const base = `/v1/admin/products/${product.name}`;
  await ask('PUT', base, z.unknown(), { body: { name: product.name } satisfies ProductData });
  for (const plan of plans) {
    const graceSec = 86_400;
    await ask('PUT', `${base}/plans/${plan.name}`, z.unknown(), {
      body: {
        name: plan.name,
        limits: plan.limits,
        features: plan.features,
        addOns: {},
        leaseSec: graceSec,
        check: { intervalSec: Math.max(1, Math.round(checkMs / 1_000)), graceSec, jitterPct: 10 },
        enforcement: 'readonly',
      } satisfies PlanData,
    });
  }
  await ask('PUT', `${base}/releases/${product.version}`, z.unknown(), {
    body: { releasedOn: product.released } satisfies ReleaseData,
  });
}
