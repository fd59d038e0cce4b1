import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ZodType } from 'zod';
import { createLicenceClient } from '../../src/licence/client/client.ts';
import { NodeState } from '../../src/licence/client/state-file.ts';
import { verifyVerdict } from '../../src/licence/client/verify.ts';
import { ActivationAnswer, CheckAnswer, ValidateAnswer } from '../../src/licence/protocol/answers.ts';
import { licenceCodes } from '../../src/licence/protocol/codes.ts';
import { OfflineFileClaims } from '../../src/licence/protocol/offline-file.ts';
import { LicenceProblem } from '../../src/licence/protocol/problem.ts';
import {
  ActivationRequest,
  CheckRequest,
  RecoverRequest,
  RedeemRequest,
  ReleaseRequest,
  ValidateRequest,
  WireInstanceId,
} from '../../src/licence/protocol/requests.ts';
import { LicenceKeys, VerdictClaims } from '../../src/licence/protocol/verdict.ts';
import { fillGuide, guideFile, serverPageFile, vectorsFile } from './vectors/guide.ts';
import type { Call, Fault, OfflineFault, Vectors } from './vectors/shape.ts';

const vectors = JSON.parse(await readFile(vectorsFile, 'utf8')) as Vectors;
const guide = await readFile(guideFile, 'utf8');
const verifier = join(import.meta.dirname, '../../docs/licence-protocol/verify.py');

interface Ended {
  code: number;
  output: string;
  errors: string;
}

/** Runs a program to its end; a missing program fails the test. */
function run(program: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1e8 }, (error, output, errors) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors });
    });
  });
}

test('the server gives exactly these answers and signatures, from the same keys, ids and clock', async () => {
  const made = await run(process.execPath, join(import.meta.dirname, 'vectors/make.ts'), '--print');
  expect(made).toMatchObject({ code: 0 });
  expect(JSON.parse(made.output)).toEqual(vectors);
}, 120_000);

describe('the client', () => {
  const faults: Record<Fault, string[]> = {
    SHAPE: ['ERR_JWS_INVALID'],
    ALGORITHM: ['ERR_JOSE_ALG_NOT_ALLOWED'],
    KEY: ['ERR_JWKS_NO_MATCHING_KEY'],
    SIGNATURE: ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
    TYPE: ['ERR_JWT_CLAIM_VALIDATION_FAILED'],
    ISSUER: ['ERR_JWT_CLAIM_VALIDATION_FAILED'],
    AUDIENCE: ['ERR_JWT_CLAIM_VALIDATION_FAILED'],
    CLAIMS: ['ERR_JWT_CLAIM_VALIDATION_FAILED', 'CLAIMS'],
    EXPIRED: ['ERR_JWT_EXPIRED', 'EXPIRED'],
    REPLAYED: ['REPLAYED'],
    REFUSAL: [],
    NO_REFUSAL: [],
  };
  const { issuer, product, jwks } = vectors;

  test.each(vectors.verdicts)('$outcome: $id', async ({ jws, asked, now, outcome, fault, payload }) => {
    const fresh = asked === null ? {} : { fresh: { ...asked, now } };
    const verified = await verifyVerdict(jws, jwks, { issuer, product, ...fresh });
    if (outcome !== 'refuse' || faults[fault as Fault].length === 0) {
      // The caller of verifyVerdict decides whether a refusal is allowed in this place.
      const refuses = outcome === 'lock' || fault === 'REFUSAL';
      expect(verified).toMatchObject({ ok: true });
      expect(verified.ok && verified.claims.refusal !== undefined).toBe(refuses);
      if (payload !== undefined) expect(verified.ok && verified.claims).toEqual(payload);
      return;
    }
    expect(verified).toMatchObject({ ok: false, unknownKey: fault === 'KEY' });
    expect(faults[fault as Fault]).toContain(!verified.ok && verified.why);
  });

  test('knows every kind of fault from a vector', () => {
    expect(new Set(vectors.verdicts.flatMap(({ fault }) => fault ?? []))).toEqual(new Set(Object.keys(faults)));
  });
});

describe('the client, with a licence file', () => {
  /** How its sentence begins or ends for each fault. */
  const sentences: Record<OfflineFault, RegExp> = {
    SHAPE: /not a valid licence file/,
    ALGORITHM: /not a valid licence file/,
    KEY: /signed by a key unknown/,
    SIGNATURE: /modified after it was signed/,
    TYPE: /not a licence file/,
    CLAIMS: /does not support this kind/,
    ISSUER: /another licence server/,
    PRODUCT: /for the product other-product/,
    CLUSTER: /bound to the cluster plant-7/,
    MACHINE: /bound to another machine/,
    MODE: /development nodes only/,
    VERSION: /does not cover version 1\.5\.0/,
    LIFE: /ends before it begins/,
  };
  const { issuer, product, jwks, offlineFiles } = vectors;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'freehold-files-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(offlineFiles)('$code $fault: $id', async ({ id, file, node, now, code, fault }) => {
    const offlineFile = join(folder, `${id}.lic`);
    await writeFile(offlineFile, file);
    const { version, mode, ...binding } = node;
    const client = createLicenceClient({
      ...{ serverUrl: 'http://127.0.0.1:9', stateFile: join(folder, `${id}.json`), offlineFile, publicKeys: jwks },
      ...{ issuer, product, version, mode, node: { name: 'n1', ...binding } },
      clock: { now: () => now, monotonic: () => 0, after: () => () => {} },
    });
    await client.start();
    const { state, reason } = await client.check();
    await client.stop();
    const states = { OFFLINE_FILE_REFUSED: 'NONE', OFFLINE_FILE_EXPIRED: 'LOCKED', CLOCK_ROLLBACK: 'LOCKED' };
    expect({ state, code: reason?.code ?? null }).toEqual({ state: code === null ? 'OK' : states[code], code });
    if (fault !== undefined) expect(reason?.text).toMatch(sentences[fault]);
  });

  test('knows every kind of fault from a vector', () => {
    const known = new Set(offlineFiles.flatMap(({ fault }) => fault ?? []));
    expect(known).toEqual(new Set(Object.keys(sentences)));
  });
});

const schemas: [RegExp, ZodType | null, ZodType | null][] = [
  [/^\/v1\/activations$/, ActivationRequest, ActivationAnswer],
  [/^\/v1\/enrollments\/redeem$/, RedeemRequest, ActivationAnswer],
  [/^\/v1\/instances\/[^/]+\/check$/, CheckRequest, CheckAnswer],
  [/^\/v1\/instances\/[^/]+\/recover$/, RecoverRequest, CheckAnswer],
  [/^\/v1\/instances\/[^/]+\/release$/, ReleaseRequest, null],
  [/^\/v1\/licenses\/validate$/, ValidateRequest, ValidateAnswer],
  [/^\/\.well-known\/license-keys\.json$/, null, LicenceKeys],
];

describe('the wire schemas', () => {
  const known = vectors.calls.filter(({ answer }) => answer.body?.code !== 'NO_SUCH_CALL');

  test.each(known)('fit $id', ({ request, answer }: Call) => {
    const [, asked, answered] = schemas.find(([path]) => path.test(request.path))!;
    const [, , , id] = request.path.split('/');
    const idFits = !request.path.startsWith('/v1/instances/') || WireInstanceId.safeParse(id).success;
    const fits = idFits && (asked?.safeParse(request.body).success ?? true);
    expect(fits).toBe(answer.body?.code !== 'INVALID_LICENSE_CHECK_REQUEST');
    if (answer.status >= 400) {
      const problem = LicenceProblem.parse(answer.body);
      const { num, status } = licenceCodes[problem.code];
      expect([problem.num, answer.status]).toEqual([num, status]);
      if (problem.verdict !== undefined) expect(claimsOf(problem.verdict).refusal?.code).toBe(problem.code);
    } else if (answered === null) {
      expect(answer).toEqual({ status: 204, headers: {} });
    } else {
      expect(answered.parse(answer.body)).toEqual(answer.body);
    }
  });

  function claimsOf(jws: string): VerdictClaims {
    return VerdictClaims.parse(JSON.parse(Buffer.from(jws.split('.')[1] as string, 'base64url').toString()));
  }
});

describe('the second implementation (Python)', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'freehold-vectors-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('agrees with every vector', async () => {
    const { verdicts, calls } = vectors;
    const signed = calls.filter(({ answer }) => answer.body?.license ?? answer.body?.verdict).length;
    const ended = await run('python3', verifier);
    expect(ended).toMatchObject({ code: 0, errors: '' });
    expect(ended.output).toContain(`${verdicts.length} verdicts, ${signed} signed answers and `);
    expect(ended.output).toContain(`${vectors.offlineFiles.length} licence files agree`);
  }, 60_000);

  const one = (all: Vectors, id: string) => all.calls.find((call) => call.id === id)!;
  test.each<[string, (changed: Vectors) => void, string]>([
    [
      'a signature of another verdict',
      (changed) => {
        const [first, second] = [one(changed, 'check').answer.body!, one(changed, 'check-next').answer.body!];
        const [header, payload] = (first.license as string).split('.');
        first.license = [header, payload, (second.license as string).split('.')[2]].join('.');
      },
      'call check: its verdict is refused (SIGNATURE)',
    ],
    [
      'another secret for a repeated request',
      (changed) => {
        one(changed, 'check-repeated').answer.body!.secret = 'another-secret-for-the-same-request';
      },
      'call check-repeated: a repeated check got another secret',
    ],
    [
      'a forged verdict that is said to be good',
      (changed) => {
        Object.assign(changed.verdicts.find(({ id }) => id === 'stranger')!, { outcome: 'accept', fault: undefined });
      },
      "verdict stranger: ('refuse', 'SIGNATURE') instead of ('accept', None)",
    ],
    [
      'a clone that is let through',
      (changed) => {
        one(changed, 'check-clone').request.body!.requestId = 'n1-check-3';
      },
      'call check-clone: CLONE_SUSPECTED instead of replay',
    ],
    [
      'a licence file that is said to be for another machine too',
      (changed) => {
        Object.assign(changed.offlineFiles.find(({ id }) => id === 'file-other-machine')!, {
          ...{ code: null, fault: undefined },
        });
      },
      "licence file file-other-machine: ('OFFLINE_FILE_REFUSED', 'MACHINE') instead of (None, None)",
    ],
  ])(
    'finds %s',
    async (_, change, found) => {
      const changed = structuredClone(vectors);
      change(changed);
      const file = join(folder, 'changed.json');
      await writeFile(file, JSON.stringify(changed));
      const ended = await run('python3', verifier, file);
      expect(ended.code).toBe(1);
      expect(ended.output.split('\n')).toContain(found);
    },
    60_000,
  );
});

describe('docs/licence-protocol.md', () => {
  test('shows what the vectors hold; `node test/licence/vectors/make.ts` makes both anew', () => {
    expect(fillGuide(guide, vectors)).toBe(guide);
    const serverPage = readFileSync(serverPageFile, 'utf8');
    expect(fillGuide(serverPage, vectors)).toBe(serverPage);
    expect(guide.match(/<!-- example: /g)?.length).toBeGreaterThanOrEqual(12);
    expect(guide.match(/<!-- example: /g)?.length).toBe(guide.match(/<!-- end -->/g)?.length);
  });

  const requests = [ActivationRequest, RedeemRequest, CheckRequest, ReleaseRequest, RecoverRequest, ValidateRequest];
  const members = (...schemas: { shape: object }[]) => schemas.flatMap(({ shape }) => Object.keys(shape));
  test.each([
    ['requests', members(...requests)],
    ['the state of a node', members(NodeState)],
    ['verdicts', members(VerdictClaims)],
    ['licence files', members(OfflineFileClaims)],
    ['the vectors', Object.keys(vectors).filter((name) => name !== 'about')],
  ])('names every member of %s', (_, names) => {
    expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });
});
