import { tableOf } from '../tables.ts';
import { planSchema, readSchema } from './read-schema.ts';
import { cacheFolderOf } from './schema-of.ts';

/** Reads the input schema of a cloud's package and stores it, in a separate process: `main.ts <cloud>`. */
const table = tableOf(process.argv[2] ?? '');
await readSchema(
  planSchema({ package: table.package, types: Object.keys(table.types), cacheFolder: cacheFolderOf(process.env) }),
);
