/**
 * A decoded form value: text, or a hash of further values. Arrays are hashes with the keys 0, 1, … until a schema says
 * otherwise.
 */
export type FormValue = string | FormHash;
export interface FormHash {
  [key: string]: FormValue;
}

const maximumDepth = 10;

/**
 * Decodes `application/x-www-form-urlencoded` text with Stripe's brackets: `items[0][price]=x`, `expand[]=y`,
 * `metadata[k]=v`. A later value replaces an earlier one of the same name. Null if the form is malformed (a malformed
 * name, or a name used as text and as hash).
 */
export function decodeForm(text: string): FormHash | null {
  const root: FormHash = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const path = pathOf(name);
    if (path === null || !place({ root, path, value })) return null;
  }
  return root;
}

/** `['items', 0, 'price']` as Stripe writes it: `items[0][price]`. */
export function formName(path: readonly PropertyKey[]): string {
  return path.map((part, depth) => (depth === 0 ? String(part) : `[${String(part)}]`)).join('');
}

function pathOf(name: string): string[] | null {
  const matched = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (!matched) return null;
  const inner = [...(matched[2] ?? '').matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '');
  return inner.length < maximumDepth ? [matched[1] ?? '', ...inner] : null;
}

function place({ root, path, value }: { root: FormHash; path: string[]; value: string }): boolean {
  let hash = root;
  for (const [depth, part] of path.entries()) {
    const key = part === '' ? String(Object.keys(hash).length) : part;
    if (depth === path.length - 1) {
      hash[key] = value;
      return true;
    }
    const next = hash[key] ?? (Object.create(null) as FormHash);
    if (typeof next === 'string') return false;
    hash[key] = next;
    hash = next;
  }
  return false;
}
