import { createAdministratorRecord } from './administrator.ts';
import { createBrands } from './brands.ts';
import { openDatabase } from './database.ts';
import { createDevices } from './devices.ts';
import { createDomains } from './domains.ts';
import { createPlugins } from './plugins.ts';
import { createReadings } from './readings.ts';
import { createSessions } from './sessions.ts';
import { createUsers } from './users.ts';

/** All data of this server, in one SQLite file on the data volume. */
export function openStore(dataFolder: string) {
  const database = openDatabase(dataFolder);
  return {
    formKey: database.formKey,
    administrator: createAdministratorRecord(database),
    users: createUsers(database),
    sessions: createSessions(database),
    domains: createDomains(database),
    brands: createBrands(database),
    plugins: createPlugins(database),
    devices: createDevices(database),
    readings: createReadings(database),
    close: database.close,
  };
}

export type Store = ReturnType<typeof openStore>;
