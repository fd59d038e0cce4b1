import type { Router } from 'express';
import { createAwsWire } from './aws/wire.ts';
import { createAzureWire } from './azure/wire.ts';
import { createDigitaloceanWire } from './digitalocean/wire.ts';
import type { Double } from './double.ts';
import { createGcpWire } from './gcp/wire.ts';

/** The clouds' own APIs, as far as our inventories call them. */
const makers: Readonly<Record<string, (double: Double) => Router>> = {
  aws: createAwsWire,
  digitalocean: createDigitaloceanWire,
  gcp: createGcpWire,
  azure: createAzureWire,
};

export function wires(doubles: ReadonlyMap<string, Double>): [cloud: string, wire: Router][] {
  return [...doubles].flatMap(([cloud, double]) => {
    const make = makers[cloud];
    return make ? [[cloud, make(double)] as [string, Router]] : [];
  });
}
