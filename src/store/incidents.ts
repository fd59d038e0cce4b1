import { type Connection, Schema } from 'mongoose';
import type { IncidentKind, NewIncident, Severity } from '../contracts/incidents.ts';
import type { StepName } from '../contracts/steps.ts';
import { nowDate } from '../runtime/clock.ts';
import { incidentIdFrom } from '../runtime/new-id.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type Newest, type NewestPage, newestFirst } from './newest-first.ts';
import type { IncidentRecord } from './records.ts';

type About = Pick<NewIncident, 'kind' | 'subject'>;

/** Incidents: of one kind and subject at most one is open. */
export function incidentStore(connection: Connection) {
  const schema = new Schema<IncidentRecord>(
    {
      _id: { type: String, required: true },
      kind: { type: String, required: true },
      subject: { type: String, required: true },
      opening: { type: Number, required: true },
      severity: { type: String, required: true },
      reason: { type: String, required: true },
      detail: String,
      instanceId: String,
      orderId: String,
      operationId: { type: String, index: true },
      step: String,
      attempt: Number,
      openedAt: { type: Date, required: true, index: true },
      toldAt: { type: Date, default: null },
      closedAt: { type: Date, default: null },
    },
    { collection: 'incidents' },
  );
  schema.index({ kind: 1, subject: 1, opening: -1 });
  schema.index({ closedAt: 1, openedAt: -1 });
  const model = connection.model<IncidentRecord>('Incident', schema);

  async function latestOf({ kind, subject }: About): Promise<IncidentRecord | null> {
    return model.findOne({ kind, subject }).sort({ opening: -1 }).lean<IncidentRecord>();
  }

  async function noteCause(open: IncidentRecord, { reason, detail, attempt }: NewIncident): Promise<IncidentRecord> {
    const cause = { reason, ...(detail ? { detail } : {}), ...(attempt ? { attempt } : {}) };
    await model.updateOne({ _id: open._id }, { $set: cause });
    return { ...open, ...cause };
  }

  async function closeEach(incidents: readonly IncidentRecord[]): Promise<void> {
    for (const { _id } of incidents) {
      await model.updateOne({ _id, closedAt: null }, { $set: { closedAt: nowDate() } });
    }
  }

  return {
    model,
    /** Opens the incident, or notes the newest cause on the one that is open; returns it. */
    async open(incident: NewIncident): Promise<IncidentRecord> {
      for (;;) {
        const latest = await latestOf(incident);
        if (latest && !latest.closedAt) return noteCause(latest, incident);
        const opening = (latest?.opening ?? 0) + 1;
        const fresh: IncidentRecord = {
          ...incident,
          // The same for all processes that open it at once: one of them does.
          _id: incidentIdFrom([incident.kind, incident.subject, String(opening)]),
          ...{ opening, openedAt: nowDate(), toldAt: null, closedAt: null },
        };
        try {
          await model.create(fresh);
          return fresh;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
      }
    },
    /** Closes the open incident of this kind and subject; a no-op where there is none. */
    async close(about: About): Promise<void> {
      const latest = await latestOf(about);
      if (latest && !latest.closedAt) await closeEach([latest]);
    },
    /** Closes the open incidents of an operation: all, or those of one step and of the operation as a whole. */
    async closeOf(operationId: string, step?: StepName): Promise<void> {
      const open = await model.find({ operationId, closedAt: null }).lean<IncidentRecord[]>();
      await closeEach(open.filter((each) => !step || !each.step || each.step === step));
    },
    async markTold(id: string): Promise<void> {
      await model.updateOne({ _id: id, toldAt: null }, { $set: { toldAt: nowDate() } });
    },
    async find(id: string): Promise<IncidentRecord | null> {
      return model.findById(id).lean<IncidentRecord>();
    },
    /** A page of them, newest first. */
    async newest(
      { isOpen, ...filter }: { isOpen?: boolean; severity?: Severity; kind?: IncidentKind },
      page: NewestPage,
    ): Promise<Newest<IncidentRecord>> {
      const state = isOpen === undefined ? {} : { closedAt: isOpen ? null : { $ne: null } };
      return newestFirst<IncidentRecord>(model, { filter: { ...filter, ...state }, time: 'openedAt', page });
    },
    /** How many of a severity were opened within this time before this one, ms. */
    async countBefore(
      { openedAt, severity }: Pick<IncidentRecord, 'openedAt' | 'severity'>,
      ms: number,
    ): Promise<number> {
      const from = new Date(openedAt.getTime() - ms);
      return model.countDocuments({ severity, openedAt: { $gte: from, $lt: openedAt } });
    },
  };
}
