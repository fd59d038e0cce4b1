import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { Email, emailKey } from '../contracts/email.ts';
import { isPrintable } from '../contracts/text-line.ts';
import { now } from '../runtime/clock.ts';
import { textsOf } from '../texts/texts.ts';
import { productPlugins } from './plugins.ts';
import { HostError } from './reasons.ts';
import type { ReadingPlace } from './store/readings.ts';

const { fields: texts } = textsOf('en').host;

/** Parses what came from outside; throws `invalid_input` with one sentence per field. */
export function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => ({
    field: issue.path.join('.') || 'body',
    message: issue.message,
  }));
  throw new HostError('invalid_input', { detail: faults[0]?.message, faults });
}

/** The address under which a user is stored: its form for comparison. */
const UserEmail = z
  .string({ error: texts.email.missing })
  .refine((text) => Email.safeParse(text).success, texts.email.malformed)
  .transform(emailKey);

/** In characters. */
export const shortestPassword = 10;
const longestPassword = 200;

export const SignUp = z
  .object({
    email: UserEmail,
    password: z
      .string({ error: texts.password.missing })
      .min(shortestPassword, texts.password.tooShort({ length: shortestPassword }))
      .max(longestPassword, texts.password.tooLong({ length: longestPassword })),
  })
  .refine(({ email, password }) => password.trim().toLowerCase() !== email, {
    path: ['password'],
    message: texts.password.isEmail,
  })
  .refine(({ password }) => new Set(password).size > 2, {
    path: ['password'],
    message: texts.password.tooSimple,
  });

export const SignIn = z.object({
  email: UserEmail,
  password: z
    .string({ error: texts.password.toSignIn })
    .min(1, texts.password.toSignIn)
    .max(longestPassword, texts.password.wrong),
});

const longestName = 60;

const Name = (of: 'device' | 'brand') =>
  z
    .string({ error: texts.name[of] })
    .trim()
    .min(1, texts.name[of])
    .max(longestName, texts.name.tooLong({ length: longestName }))
    .normalize('NFC')
    .refine(isPrintable, texts.name.unprintable);

export const NewUser = z.object({ email: UserEmail });
export const NewPlugin = z.object({
  name: z.enum(productPlugins, texts.name.plugin({ plugins: productPlugins.join(', ') })),
});
export const NewDevice = z.object({ name: Name('device') });

const domainShape = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

const DomainName = z
  .string({ error: texts.domain.missing })
  .trim()
  .transform((name) => domainToASCII(name.replace(/\.$/, '')))
  .pipe(z.string().regex(domainShape, texts.domain.malformed));

export const NewDomain = z.object({ name: DomainName });

const Colour = (fallback: string) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^#[0-9a-f]{6}$/, texts.colour)
    .default(fallback);

export const defaultColours = { accent: '#1d5c4a', band: '#12211c' } as const;

/** Largest logo in bytes. */
export const logoBytes = 65_536;

/** Picture formats by their first bytes; a name or a header proves nothing. */
const pictureTypes: readonly [type: string, matches: (data: Buffer) => boolean][] = [
  ['image/png', (data) => data.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))],
  ['image/jpeg', (data) => data.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))],
  ['image/webp', (data) => data.toString('latin1', 0, 4) === 'RIFF' && data.toString('latin1', 8, 12) === 'WEBP'],
];

const Logo = z
  .base64(texts.logo.encoding)
  .max(Math.ceil(logoBytes / 3) * 4, texts.logo.tooLarge)
  .transform((encoded) => Buffer.from(encoded, 'base64'))
  .transform((data) => ({ type: pictureTypes.find(([, matches]) => matches(data))?.[0] ?? '', data }))
  .refine(({ data }) => data.length <= logoBytes, { error: texts.logo.tooLarge, abort: true })
  .refine(({ type }) => type !== '', texts.logo.format);

export const NewBrand = z.object({
  name: Name('brand'),
  domain: DomainName,
  accent: Colour(defaultColours.accent),
  band: Colour(defaultColours.band),
  /** Base64 of a PNG, JPEG or WebP picture. */
  logo: Logo.optional(),
});

/** How far a device's clock may be ahead, ms. */
const aheadMs = 86_400_000;

const Measured = z.iso
  .datetime({ offset: true, error: texts.reading.at })
  .transform((text) => Date.parse(text))
  .refine((at) => at <= now() + aheadMs, texts.reading.ahead);

export const NewReading = z.strictObject({
  values: z
    .record(
      z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, texts.reading.names),
      z.union([z.number(), z.string().max(1_024), z.boolean()], {
        error: texts.reading.value,
      }),
      { error: texts.reading.values },
    )
    .refine((values) => {
      const { length } = Object.keys(values);
      return length >= 1 && length <= 64;
    }, texts.reading.count),
  at: Measured.optional(),
});

/** Place of a reading as it is written in addresses: its time in ms and its number. */
export const placeText = ({ at, id }: ReadingPlace): string => `${at}.${id}`;

const Place = z
  .string()
  .regex(/^-?\d{1,15}\.\d{1,15}$/, texts.reading.before)
  .transform((text): ReadingPlace => {
    const [at, id] = text.split('.').map(Number);
    return { at: at!, id: id! };
  });

export const ReadingsQuery = z.object({
  limit: z.coerce
    .number(texts.reading.limit)
    .int(texts.reading.limit)
    .min(1, texts.reading.limit)
    .max(1_000, texts.reading.limit)
    .default(100),
  before: Place.optional(),
});
