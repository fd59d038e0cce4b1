import { isDeepStrictEqual } from 'node:util';
import { type Connection, Schema } from 'mongoose';
import { PlanData } from '../../protocol/admin.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import { type AuditNote, indexOutbox, outboxField, pushToOutbox, type WithOutbox } from './outbox.ts';

/** A plan of a product as data; `revision` increases when the data changes. */
export interface Plan extends WithOutbox {
  /** `<product>/<plan>` */
  _id: string;
  revision: number;
  data: PlanData;
}

export const planId = (product: string, plan: string) => `${product}/${plan}`;

export function planStore(connection: Connection) {
  const schema = new Schema<Plan>(
    {
      _id: { type: String, required: true },
      revision: { type: Number, required: true },
      data: { type: Schema.Types.Mixed, required: true },
      outbox: outboxField,
    },
    { collection: 'plans', versionKey: false, minimize: false },
  );
  indexOutbox(schema);
  const model = connection.model<Plan>('Plan', schema);
  const cache = new Map<string, Plan>();

  async function read(id: string): Promise<Plan | null> {
    const plan = await model.findById(id).lean<Plan>();
    if (plan !== null) cache.set(id, plan);
    return plan;
  }

  return {
    model,
    /**
     * Stores the data; returns the current plan and the audit entry of the change. The same data again changes nothing
     * and has no entry.
     */
    async put(
      id: string,
      data: PlanData,
      noteOf: (before: Plan | null, plan: Plan) => AuditNote,
    ): Promise<{ plan: Plan; note: AuditNote | null }> {
      for (;;) {
        const held = await read(id);
        if (held !== null && isDeepStrictEqual(PlanData.parse(held.data), data)) {
          return { plan: held, note: null };
        }
        const next: Plan = { _id: id, revision: (held?.revision ?? 0) + 1, data };
        const note = noteOf(held, next);
        if (held === null) {
          try {
            await model.create({ ...next, outbox: [note] });
          } catch (error) {
            if (!isDuplicateKey(error)) throw error;
            continue;
          }
        } else {
          const written = await model.updateOne(
            { _id: id, revision: held.revision },
            { $set: next, ...pushToOutbox(note) },
          );
          if (written.matchedCount === 0) continue;
        }
        cache.set(id, next);
        return { plan: next, note };
      }
    },
    /** The plans of a product, by code. */
    of: (product: string): Promise<Plan[]> =>
      model
        .find({ _id: { $gte: `${product}/`, $lt: `${product}0` } })
        .sort({ _id: 1 })
        .limit(1000)
        .lean<Plan[]>()
        .exec(),
    find: read,
    all: () => model.find().lean<Plan[]>().exec(),
    /** Over all current plans. */
    async longestGraceMs(): Promise<number> {
      const plans = await model.find().lean<Plan[]>();
      return Math.max(0, ...plans.map(({ data }) => data.check.graceSec * 1000));
    },
    /** The plan at least as new as this revision; from memory if it is cached. */
    async atLeast(id: string, revision: number): Promise<Plan | null> {
      const cached = cache.get(id);
      return cached !== undefined && cached.revision >= revision ? cached : read(id);
    },
  };
}
