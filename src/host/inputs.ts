import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { now } from '../runtime/clock.ts';
import { HostError } from './reasons.ts';

/** Parses external input; throws `invalid_input` with one sentence per field. */
export function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => ({
    field: issue.path.join('.') || 'body',
    message: issue.message,
  }));
  throw new HostError('invalid_input', { detail: faults[0]?.message, faults });
}

const Email = z
  .string({ error: 'Enter an e-mail address.' })
  .trim()
  .toLowerCase()
  .max(254, 'This e-mail address is too long.')
  .pipe(z.email('Enter a valid e-mail address, such as name@example.com.'));

const shortestPassword = 10;

export const SignUp = z
  .object({
    email: Email,
    password: z
      .string({ error: 'Choose a password.' })
      .min(shortestPassword, `Choose a password of at least ${shortestPassword} characters.`)
      .max(200, 'Choose a password of at most 200 characters.'),
  })
  .refine(({ email, password }) => password.trim().toLowerCase() !== email, {
    path: ['password'],
    message: 'Choose a password that is not the e-mail address.',
  })
  .refine(({ password }) => new Set(password).size > 2, {
    path: ['password'],
    message: 'Choose a password with more than two different characters.',
  });

export const SignIn = z.object({
  email: Email,
  password: z.string({ error: 'Enter the password.' }).min(1, 'Enter the password.').max(200, 'The password is wrong.'),
});

const text = (what: string, max: number) =>
  z
    .string({ error: `Enter ${what}.` })
    .trim()
    .min(1, `Enter ${what}.`)
    .max(max, `Use at most ${max} characters.`)
    .regex(/^\P{C}*$/u, 'Use printable characters only.');

export const NewUser = z.object({ email: Email });
export const NewPlugin = z.object({ name: text('the name of the plugin', 60) });
export const NewDevice = z.object({ name: text('a name for the device', 60) });

const domainShape = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

const DomainName = z
  .string({ error: 'Enter a domain.' })
  .trim()
  .transform((name) => domainToASCII(name.replace(/\.$/, '')))
  .pipe(z.string().regex(domainShape, 'Enter a domain such as iot.example.com, without https:// and without a path.'));

export const NewDomain = z.object({ name: DomainName });

const Colour = (fallback: string) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^#[0-9a-f]{6}$/, 'Enter a colour as # and six hexadecimal digits, such as #1f5a46.')
    .default(fallback);

export const defaultColours = { accent: '#1d5c4a', band: '#12211c' } as const;

/** Largest logo in bytes. */
const logoBytes = 65_536;

/** Picture formats by their first bytes; a name or a header proves nothing. */
const pictureTypes: readonly [type: string, matches: (data: Buffer) => boolean][] = [
  ['image/png', (data) => data.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))],
  ['image/jpeg', (data) => data.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))],
  ['image/webp', (data) => data.toString('latin1', 0, 4) === 'RIFF' && data.toString('latin1', 8, 12) === 'WEBP'],
];

const Logo = z
  .base64('Send the logo as base64.')
  .max(Math.ceil(logoBytes / 3) * 4, 'Choose a logo of at most 64 kB.')
  .transform((encoded) => Buffer.from(encoded, 'base64'))
  .transform((data) => ({ type: pictureTypes.find(([, matches]) => matches(data))?.[0] ?? '', data }))
  .refine(({ type }) => type !== '', 'Choose a logo in PNG, JPEG or WebP.');

export const NewBrand = z.object({
  name: text('the name of the brand', 60),
  domain: DomainName,
  accent: Colour(defaultColours.accent),
  band: Colour(defaultColours.band),
  /** Base64 of a PNG, JPEG or WebP picture. */
  logo: Logo.optional(),
});

/** How far a device's clock may be ahead, ms. */
const aheadMs = 86_400_000;

const Measured = z.iso
  .datetime({ offset: true, error: 'Send `at` as an ISO 8601 time with its offset.' })
  .transform((text) => Date.parse(text))
  .refine((at) => at <= now() + aheadMs, '`at` lies more than a day in the future.');

export const NewReading = z.strictObject({
  values: z
    .record(
      z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, 'Name values with letters, digits, dot, hyphen and underscore.'),
      z.union([z.number(), z.string().max(1_024), z.boolean()], {
        error: 'A value is a number, a text of at most 1,024 characters, true or false.',
      }),
      { error: 'Send `values` as an object of names and values.' },
    )
    .refine((values) => {
      const { length } = Object.keys(values);
      return length >= 1 && length <= 64;
    }, 'Send between 1 and 64 values.'),
  at: Measured.optional(),
});

export const ReadingsQuery = z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });
