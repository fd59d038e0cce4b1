/** Regenerates the table of scenarios from the names of the tests; a test fails when it is out of date. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scenarioFaults, scenariosPage } from './licence.ts';

writeFileSync(join(import.meta.dirname, '../licence-scenarios.md'), scenariosPage());
for (const fault of scenarioFaults()) console.error(fault);
