import { parseCookie } from 'cookie';

/**
 * The cookies of a request by name. A name that is sent twice is left out: only one of the two is ours, and another
 * site of the same domain can decide which comes first.
 */
export function cookiesOf(header: string | undefined): Record<string, string | undefined> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const pair of (header ?? '').split(';')) {
    const [name = '', ...value] = pair.split('=');
    if (value.length === 0) continue;
    if (seen.has(name.trim())) twice.add(name.trim());
    seen.add(name.trim());
  }
  return Object.fromEntries(Object.entries(parseCookie(header ?? '')).filter(([name]) => !twice.has(name)));
}
