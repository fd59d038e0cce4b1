import { domainToUnicode } from 'node:url';

/** A domain, or an address at a domain, as people write it: `xn--bcher-kva.example` is `bücher.example`. */
export function shownName(name: string): string {
  const at = name.lastIndexOf('@') + 1;
  return name.slice(0, at) + (domainToUnicode(name.slice(at)) || name.slice(at));
}
