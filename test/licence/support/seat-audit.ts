import type { Connection } from 'mongoose';

interface LicenceRow {
  _id: string;
  seatLimits: Record<string, number>;
  seats: { activationId: string; mode: string }[];
}
interface ActivationRow {
  _id: string;
  status: string;
}

/** All faults of a licence's seats, read from the database itself; empty if there are none. */
export async function seatFaults(database: Connection, licenceId: string): Promise<string[]> {
  const licence = await database.collection<LicenceRow>('licences').findOne({ _id: licenceId });
  const activations = await database.collection<ActivationRow>('activations').find({ licenceId }).toArray();
  const faults: string[] = [];
  const seats = licence?.seats ?? [];
  for (const [mode, limit] of Object.entries(licence?.seatLimits ?? {})) {
    const used = seats.filter((seat) => seat.mode === mode).length;
    if (used > limit) faults.push(`${used} of ${limit} ${mode} seats are taken`);
  }
  const held = new Set(seats.map(({ activationId }) => activationId));
  if (held.size < seats.length) faults.push('a node holds two seats');
  const active = activations.filter(({ status }) => status === 'active').map(({ _id }) => _id);
  for (const id of held) if (!active.includes(id)) faults.push(`the seat of ${id} is stuck: it does not run`);
  for (const id of active) if (!held.has(id)) faults.push(`${id} runs without a seat`);
  for (const { _id, status } of activations) if (status === 'pending') faults.push(`${_id} never became active`);
  return faults;
}
