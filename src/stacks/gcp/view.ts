import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type CloudView, firstSource } from '../cloud-view.ts';
import { createGcpClient } from './client.ts';
import { gcpPermissions } from './permissions.ts';

const Granted = z.object({ permissions: z.array(z.string()).default([]) });
const Types = z.object({ items: z.array(z.object({ name: z.string() })).default([]) });
const Region = z.object({ zones: z.array(z.string()).default([]) });

/** How many permissions one call accepts. */
const atOnce = 100;

/**
 * Google Cloud through its REST API, with application default credentials or the document that its provider accepts.
 */
export function gcpView(env: NodeJS.ProcessEnv): CloudView {
  const { ask, project, manager, compute } = createGcpClient(env);

  return {
    credentials: sourceOf(env),
    actions: gcpPermissions,
    async identity() {
      const id = await project();
      await ask(`${manager}projects/${id}`);
      return `project ${id}`;
    },
    async permissions() {
      const url = `${manager}projects/${await project()}:testIamPermissions`;
      const granted = new Set<string>();
      for (let at = 0; at < gcpPermissions.length; at += atOnce) {
        const permissions = gcpPermissions.slice(at, at + atOnce);
        const { body } = await ask(url, { method: 'POST', body: { permissions } });
        for (const permission of Granted.parse(body).permissions) granted.add(permission);
      }
      return { missing: gcpPermissions.filter((each) => !granted.has(each)), unchecked: [] };
    },
    async sizesIn(region, sizes) {
      const base = `${compute}projects/${await project()}/`;
      const { zones } = Region.parse((await ask(`${base}regions/${region}`)).body);
      const filter = encodeURIComponent(sizes.map((size) => `(name = ${size})`).join(' OR '));
      const lists = zones.map(async (zone) => {
        const { body } = await ask(`${base}zones/${zone.split('/').at(-1)}/machineTypes?filter=${filter}`);
        return Types.parse(body).items.map(({ name }) => name);
      });
      return [...new Set((await Promise.all(lists)).flat())];
    },
    close: () => undefined,
  };
}

function sourceOf(env: NodeJS.ProcessEnv): string | null {
  const defaultPath = join(env.HOME || homedir(), '.config', 'gcloud', 'application_default_credentials.json');
  return firstSource([
    [env.GOOGLE_OAUTH_ACCESS_TOKEN, 'environment (GOOGLE_OAUTH_ACCESS_TOKEN)'],
    [env.GOOGLE_CREDENTIALS, 'environment (GOOGLE_CREDENTIALS)'],
    [env.GOOGLE_APPLICATION_CREDENTIALS, 'file (GOOGLE_APPLICATION_CREDENTIALS): key or workload identity'],
    [existsSync(defaultPath), "gcloud's application default credentials"],
    // Only the machine's metadata service knows; without it the library reports that it found none.
    [env.METADATA_SERVER_DETECTION !== 'none', "the machine's service account"],
  ]);
}
