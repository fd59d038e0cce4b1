import { now, nowDate } from '../../../runtime/clock.ts';
import { planOf } from '../activations/verdicts.ts';
import type { ServerContext } from '../context.ts';
import { licenceStatus } from '../licences/licence-status.ts';
import { holdsSeat } from '../seats/seats.ts';
import type { Activation } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';
import { pushToOutbox } from '../store/outbox.ts';
import type { Plan } from '../store/plans.ts';

/**
 * Records that nodes no longer check: first that they are silent, then, before their grace period ends, that they are
 * about to lock. Each once per silence; a concurrent check wins.
 */
export async function recordSilence(context: ServerContext): Promise<number> {
  const plans = await context.db.plans.all();
  if (plans.length === 0) return 0;
  let recorded = 0;
  for (const { alarm, before, after } of stages(context)) {
    // The shortest wait of any plan selects the candidates; each node's own plan decides.
    const since = new Date(now() - Math.min(...plans.map(after)));
    for await (const activation of context.db.activations.silentSince(since, before)) {
      if (await recordAlarm(context, activation, alarm, after)) recorded += 1;
    }
  }
  return recorded;
}

interface Stage {
  alarm: 'silent' | 'grace-risk';
  before: 'silent' | null;
  /** How long a node of this plan may be silent before this event, ms. */
  after(plan: Plan): number;
}

function stages({ settings }: ServerContext): Stage[] {
  return [
    // Risk follows silence, so both are recorded in one sweep after a downtime of the server.
    {
      alarm: 'silent',
      before: null,
      after: ({ data: { check } }) =>
        Math.min(settings.silentChecks * check.intervalSec * (1 + check.jitterPct / 100), check.graceSec / 2) * 1000,
    },
    {
      alarm: 'grace-risk',
      before: 'silent',
      after: ({ data: { check } }) => check.graceSec * settings.graceRiskPct * 10,
    },
  ];
}

async function recordAlarm(
  context: ServerContext,
  activation: Activation,
  alarm: Stage['alarm'],
  after: Stage['after'],
): Promise<boolean> {
  const { licences, activations } = context.db;
  const licence = await licences.find(activation.licenceId);
  if (licence === null) return false;
  const at = nowDate();
  if (!holdsSeat(licence, activation._id)) {
    // An interrupted takeover: its seat already belongs to another activation.
    const end = { from: 'active', to: 'replaced', endedAt: at } as const;
    return (await activations.end(activation._id, end, { seenAt: activation.seenAt })) !== null;
  }
  const plan = await planOf(context, licence);
  const seenAt = activation.seenAt as Date;
  if (at.getTime() - seenAt.getTime() < after(plan) || !mayRun(licence, at)) return false;
  const locksAt = new Date(seenAt.getTime() + plan.data.check.graceSec * 1000).toISOString();
  const details = { node: activation.node.name, silentSince: seenAt.toISOString(), locksAt };
  const recorded = await activations.change(
    activation._id,
    { status: 'active', seenAt, alarm: activation.alarm ?? null },
    {
      $set: { alarm },
      ...pushToOutbox({ type: `instance.${alarm}`, key: seenAt.toISOString(), at, details }),
    },
  );
  return recorded !== null;
}

/** Nobody needs to know about nodes whose licence does not let them run anyway. */
function mayRun(licence: Licence, at: Date): boolean {
  return licenceStatus(licence, at.getTime()) === 'ACTIVE';
}
