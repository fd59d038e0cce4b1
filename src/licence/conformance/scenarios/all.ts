import type { Scenario } from '../kit.ts';
import { activationScenarios } from './activation.ts';
import { clientScenarios } from './client.ts';
import { refusalScenarios } from './refusals.ts';
import { rotationScenarios } from './rotation.ts';

const number = ({ id }: Scenario) => Number(id.slice(1));

/** Every scenario that a licence client and server must meet and that can be tested from outside, by number. */
export const scenarios: readonly Scenario[] = [
  ...activationScenarios,
  ...rotationScenarios,
  ...refusalScenarios,
  ...clientScenarios,
].toSorted((a, b) => number(a) - number(b));
