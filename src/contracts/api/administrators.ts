import { z } from 'zod';
import { Email } from '../email.ts';

/** A host asks this before somebody creates the account of its administrator. */
export const AdministratorRequest = z.strictObject({ email: Email }).meta({ id: 'AdministratorRequest' });

export const AdministratorAnswer = z
  .strictObject({
    /** Whether this is the address of the server's administrator. */
    administrator: z.boolean(),
  })
  .meta({ id: 'AdministratorAnswer' });
