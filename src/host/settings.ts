import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HostContract, hostEnvironment } from '../contracts/host-contract.ts';

const Environment = z.object({
  [hostEnvironment.contract]: z.string().min(1),
  [hostEnvironment.data]: z.string().min(1),
  [hostEnvironment.port]: z.coerce.number().int().min(0).max(65_535),
  [hostEnvironment.licenceServer]: z.url().optional(),
  [hostEnvironment.controlPlane]: z.url().optional(),
  [hostEnvironment.authority]: z.string().optional(),
});

export interface Settings {
  contract: HostContract;
  /** Folder of the data volume. */
  dataFolder: string;
  /** Loopback port; 0 takes a free one. */
  port: number;
  /** File of the certificate authority that clients have to be told of. */
  authority: string | undefined;
}

/** Invalid configuration: the sentence says what an operator has to correct. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the environment and the host contract, once, at the start. Throws SettingsError without repeating any value,
 * because the contract contains the enrolment token.
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const environment = Environment.safeParse(env);
  if (!environment.success) {
    throw new SettingsError(`These variables are missing or wrong: ${fieldsOf(environment.error)}.`);
  }
  const path = environment.data[hostEnvironment.contract];
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it is not JSON';
    throw new SettingsError(`The host contract ${path} cannot be read: ${why}.`);
  }
  const contract = HostContract.safeParse(document);
  if (!contract.success) {
    throw new SettingsError(`The host contract ${path} has missing or wrong fields: ${fieldsOf(contract.error)}.`);
  }
  const { hostnames, licence, controlPlaneUrl } = contract.data;
  const serverUrl = environment.data[hostEnvironment.licenceServer] ?? licence.serverUrl;
  return {
    contract: {
      ...contract.data,
      hostnames: hostnames.map((name) => name.toLowerCase()),
      controlPlaneUrl: environment.data[hostEnvironment.controlPlane] ?? controlPlaneUrl,
      licence: { ...licence, serverUrl },
    },
    dataFolder: environment.data[hostEnvironment.data],
    port: environment.data[hostEnvironment.port],
    authority: environment.data[hostEnvironment.authority],
  };
}

function fieldsOf(error: z.ZodError): string {
  return [...new Set(error.issues.map((issue) => issue.path.join('.') || '(document)'))].join(', ');
}
