import type { z } from 'zod';
import { TicketId } from '../contracts/fleet.ts';
import { AccountId, InstanceId, OperationId, OrderId } from '../contracts/ids.ts';
import { IncidentId } from '../contracts/incidents.ts';
import { textsOf } from '../texts/texts.ts';
import { CommandError, exitCodes } from './settings.ts';

const ids = {
  order: OrderId,
  instance: InstanceId,
  operation: OperationId,
  account: AccountId,
  ticket: TicketId,
  incident: IncidentId,
};
const { notAnId, notThere } = textsOf('en').cli;

export type Subject = keyof typeof ids & keyof typeof notThere;

/**
 * Asks the API about the subject with this id. A text that is no such id is refused before the request (exit code 2);
 * for an id that the API does not know the message names it (exit code 5).
 */
export async function askAbout<Answer>(
  subject: Subject,
  id: string,
  ask: (id: string) => Promise<Answer>,
): Promise<Answer> {
  const schema: z.ZodType = ids[subject];
  if (!schema.safeParse(id).success) throw new CommandError(notAnId[subject]({ id }), exitCodes.usage);
  try {
    return await ask(id);
  } catch (error) {
    if (!(error instanceof CommandError) || error.reason !== 'not_found') throw error;
    throw new CommandError(notThere[subject]({ id }), exitCodes.refused, 'not_found');
  }
}
