import type { Store } from '../../store/store.ts';
import type { LicenceAdmin } from './licence-admin.ts';

export interface LicensingPorts {
  store: Store;
  ask: LicenceAdmin;
}
