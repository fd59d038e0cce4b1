import { kids, signingKeys } from './keys.ts';
import type { OfflineFault, OfflineFileVector } from './shape.ts';
import { decoded, encoded, jwsOf } from './verdicts.ts';

type Json = Record<string, unknown>;
type Node = OfflineFileVector['node'];

const cluster: Node = { version: '1.4.2', mode: 'production', clusterId: 'plant-7' };
const machine: Node = { version: '1.4.2', mode: 'production', fingerprint: 'tpm-7' };
const day = 86_400;

/** Licence files as the server issued them, for a cluster and for a machine, and others that a node must not accept. */
export function offlineFileVectors(issued: { cluster: string; machine: string }): OfflineFileVector[] {
  const base = goodVector('file-cluster', 'Issued for a cluster.', issued.cluster, cluster);
  const ofMachine = goodVector('file-machine', 'Issued for a machine.', issued.machine, machine);
  return [base, ofMachine, ...inTime(base), ...forged(base), ...misfits(base, ofMachine)];
}

function goodVector(id: string, about: string, file: string, node: Node): OfflineFileVector {
  const [header, payload, signature] = file.trim().split('.');
  const claims = decoded(payload) as { iat: number };
  const now = (claims.iat + day) * 1000;
  return { id, about, file, header: decoded(header), payload: claims, signature, node, now, code: null };
}

function inTime({ file, node, payload }: OfflineFileVector): OfflineFileVector[] {
  const { iat, exp } = payload as { iat: number; exp: number };
  const at = (id: string, about: string, sec: number, code: OfflineFileVector['code']): OfflineFileVector => {
    return { id, about, file, node, now: sec * 1000, code };
  };
  return [
    at('file-last-second', 'The last second of its life.', exp - 1, null),
    at('file-expired', 'Its end, without any tolerance.', exp, 'OFFLINE_FILE_EXPIRED'),
    at('file-clock-behind', 'A clock 300 s before the day of issue: still accepted.', iat - 300, null),
    at('file-before-issue', 'A clock that cannot be right: earlier by a day.', iat - day, 'CLOCK_ROLLBACK'),
  ];
}

function refused(
  base: OfflineFileVector,
  what: { id: string; about: string; fault: OfflineFault },
  change: { file?: string; node?: Node },
): OfflineFileVector {
  const { file, node, now } = base;
  const { fault, ...named } = what;
  return { ...named, file, node, ...change, now, code: 'OFFLINE_FILE_REFUSED', fault };
}

function forged(base: OfflineFileVector): OfflineFileVector[] {
  const header = base.header as Json;
  const payload = base.payload as Json & { exp: number; iat: number };
  const [first, , signature] = base.file.trim().split('.');
  const signed = (change: Json, more: Json = {}) =>
    jwsOf({ ...header, ...more }, { ...payload, ...change }, signingKeys.first);
  const one = (id: string, about: string, fault: OfflineFault, file: string) =>
    refused(base, { id: `file-${id}`, about, fault }, { file: `${file}\n` });
  const altered = encoded({ ...payload, exp: payload.exp + day });
  return [
    one('no-jws', 'No JWS at all.', 'SHAPE', 'licence'),
    one('alg-none', 'No signature.', 'ALGORITHM', `${encoded({ ...header, alg: 'none' })}.${encoded(payload)}.`),
    one('unknown-kid', 'A kid that is not installed.', 'KEY', signed({}, { kid: 'test-key-9' })),
    one('stranger', "A stranger's key.", 'SIGNATURE', jwsOf(header, payload, signingKeys.stranger)),
    one('altered', 'The end was moved.', 'SIGNATURE', `${first}.${altered}.${signature}`),
    one('verdict', 'Of the type of a verdict.', 'TYPE', signed({}, { typ: 'lic+jws' })),
    one('no-type', 'Without a type.', 'TYPE', signed({}, { typ: undefined })),
    one('two-bindings', 'Both cluster and machine.', 'CLAIMS', signed({ fingerprint: 'tpm-7' })),
    one('unbound', 'Neither cluster nor machine.', 'CLAIMS', signed({ cluster: undefined })),
    one('no-seats', 'Without its number of seats.', 'CLAIMS', signed({ seats: undefined })),
    one('no-versions', 'Without `versions`, which is null for all.', 'CLAIMS', signed({ versions: undefined })),
    one('other-issuer', 'Of another server.', 'ISSUER', signed({ iss: 'urn:somebody:else' })),
    one('other-product', 'For another product.', 'PRODUCT', signed({ aud: 'other-product' })),
    one('no-life', 'It ends when it begins.', 'LIFE', signed({ exp: payload.iat })),
  ];
}

/** Genuine files on a node that they are not for. */
function misfits(base: OfflineFileVector, ofMachine: OfflineFileVector): OfflineFileVector[] {
  const header = base.header as Json;
  const signed = (change: Json) => `${jwsOf(header, { ...(base.payload as Json), ...change }, signingKeys.first)}\n`;
  const listed = signed({ versions: ['1.4.1', '1.4.2'] });
  const development = signed({ mode: 'development' });
  return [
    refused(
      base,
      { id: 'file-other-cluster', about: 'A node of another cluster.', fault: 'CLUSTER' },
      { node: { ...cluster, clusterId: 'plant-8' } },
    ),
    refused(base, { id: 'file-no-cluster', about: 'A node of no cluster.', fault: 'CLUSTER' }, { node: machine }),
    refused(
      ofMachine,
      { id: 'file-other-machine', about: 'Another machine.', fault: 'MACHINE' },
      { node: { ...machine, fingerprint: 'tpm-8' } },
    ),
    { ...base, ...bare, id: 'file-versions', about: 'A version that it lists.', file: listed },
    refused(
      base,
      { id: 'file-other-version', about: 'A version that it does not list.', fault: 'VERSION' },
      { file: listed, node: { ...cluster, version: '1.5.0' } },
    ),
    refused(
      base,
      { id: 'file-development', about: 'For development nodes, on a production node.', fault: 'MODE' },
      { file: development },
    ),
    {
      ...{ ...base, ...bare, id: 'file-development-node', about: 'The same on a development node.' },
      ...{ file: development, node: { ...cluster, mode: 'development' as const } },
    },
    {
      ...{ ...base, ...bare, id: 'file-production-on-development', about: 'A production file covers development too.' },
      node: { ...cluster, mode: 'development' as const },
    },
    {
      ...{ ...base, ...bare, id: 'file-next-key', about: 'Signed by the next key, which is installed too.' },
      file: `${jwsOf({ ...header, kid: kids.second }, base.payload as Json, signingKeys.second)}\n`,
    },
  ];
}

const bare = { header: undefined, payload: undefined, signature: undefined };
