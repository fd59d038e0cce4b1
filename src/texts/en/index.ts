import { apiFields } from './api-fields.ts';
import { cart } from './cart.ts';
import { cli } from './cli.ts';
import { details } from './details.ts';
import { fields } from './fields.ts';
import { help } from './help.ts';
import { host } from './host.ts';
import { incidents } from './incidents.ts';
import { livePage } from './live-page.ts';
import { mails } from './mails.ts';
import { operations } from './operations.ts';
import { pages } from './pages.ts';
import { reasons } from './reasons/index.ts';
import { reference } from './reference.ts';
import { removal } from './removal.ts';
import { resources } from './resources.ts';
import { roles } from './roles.ts';

/** English: all ICU messages by area and code. */
export const en = {
  apiFields,
  cart,
  cli,
  details,
  fields,
  help,
  host,
  incidents,
  livePage,
  mails,
  operations,
  pages,
  reasons,
  reference,
  removal,
  resources,
  roles,
} as const;
