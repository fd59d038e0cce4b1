import type { Severity } from '../../contracts/incidents.ts';
import type { IncidentLinks } from '../../domain/operations/describe-incident.ts';
import type { Sender } from '../../mail/sender.ts';
import type { Store } from '../../store/store.ts';
import type { PostAlert } from './post-alert.ts';

/** Where operators are told about incidents of one severity. */
export interface AlertAddresses {
  mail: readonly string[];
  webhook: readonly string[];
}

export interface AlertPorts {
  store: Pick<Store, 'incidents' | 'instances' | 'operations' | 'orders' | 'tickets'>;
  sender: Sender;
  post: PostAlert;
  addresses: Readonly<Record<Severity, AlertAddresses>>;
  /** Mails about incidents of one severity within an hour; the daily look lists those beyond. */
  mailsPerHour: number;
  links: IncidentLinks;
  /** Domain of the Message-IDs. */
  baseDomain: string;
}
