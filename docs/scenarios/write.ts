/** Writes the table of scenarios anew from the names of the tests; a test says when it is due. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scenarioFaults, scenariosPage } from './licence.ts';

writeFileSync(join(import.meta.dirname, '../licence-scenarios.md'), scenariosPage());
for (const fault of scenarioFaults()) console.error(fault);
