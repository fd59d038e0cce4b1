import { z } from 'zod';

/*
 * The form of the HTML standard, with the lengths and dots of RFC 5321: an address of this form is accepted by every
 * relay. Letters outside ASCII before the @ need a relay and a recipient with SMTPUTF8, so they are refused.
 */
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-]+";
const label = '[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?';
const form = new RegExp(`^(?=[^@]{1,64}@)(?=.{1,254}$)${atom}(?:\\.${atom})*@(?:${label}\\.)+(?![0-9]+$)${label}$`);

/** A domain as people write it in their own script; anything else is left for the form to refuse. */
const writtenDomain = /^[\p{L}\p{M}\p{N}.\-\u3002\uFF0E\uFF61]+$/u;

/**
 * The normal form of an address: without blanks around it, its domain in lower case and as DNS has it (`bücher.example`
 * is `xn--bcher-kva.example`). The part before the @ stays as it was typed. Text that is no address stays as it is.
 */
function normalForm(text: string): string {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  const domain = trimmed.slice(at + 1);
  if (at < 1 || !writtenDomain.test(domain)) return trimmed;
  return `${trimmed.slice(0, at)}@${asciiDomain(domain)}`;
}

function asciiDomain(domain: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if (/^[\x00-\x7f]*$/.test(domain)) return domain.toLowerCase();
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    // No domain: the form refuses it.
    return domain;
  }
}

/**
 * An e-mail address, the one schema for all that people, operators and configuration give; the result is its normal
 * form. Its misfits have the format `email`.
 */
export const Email = z
  .string()
  .overwrite(normalForm)
  .check(z.email({ pattern: form }))
  .meta({
    description: 'E-mail address. Blanks around it are dropped; an international domain is turned into its xn-- form.',
    examples: ['ada@example.com'],
  });

/** The form of an address for comparison: whoever may read one mailbox is one person, however they type it. */
export function emailKey(email: string): string {
  return normalForm(email).toLowerCase();
}
