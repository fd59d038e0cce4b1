/** The content of an element: text, elements by name, or the same element several times. */
export type Xml = string | number | boolean | { [name: string]: Xml | Xml[] | undefined };

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Writes elements; a list becomes the element of its name for each item. */
export function xmlOf(value: Xml): string {
  if (typeof value !== 'object') return String(value).replace(/[&<>"]/g, (sign) => escapes[sign] ?? sign);
  return Object.entries(value)
    .flatMap(([name, inner]) => (Array.isArray(inner) ? inner : [inner]).map((each) => [name, each] as const))
    .filter((entry): entry is readonly [string, Xml] => entry[1] !== undefined)
    .map(([name, inner]) => `<${name}>${xmlOf(inner)}</${name}>`)
    .join('');
}

/** EC2 writes lists as `item` elements inside the list's own. */
export const items = (list: Xml[]): Xml => ({ item: list });
/** IAM and the load balancers write them as `member` elements. */
export const members = (list: Xml[]): Xml => ({ member: list });

/** Text of the first element of a name in a request; empty if there is none. */
export function elementIn(text: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
}
