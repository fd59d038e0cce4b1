import type { Catalogue } from '../../contracts/catalogue.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { CloudName } from '../../contracts/stack.ts';
import { textsOf } from '../../texts/texts.ts';

const { hostname: texts } = textsOf('en').cart;

const minimum = 3;
const maximum = 40;

/**
 * Names that could be mistaken for ours or for a service of the base domain, or that mail, browsers and certificate
 * authorities treat specially (RFC 2142, RFC 6761, the CA/Browser Forum's validation addresses).
 */
const reservedNames: ReadonlySet<string> = new Set(
  `do aws gcp azure local digitalocean google amazon microsoft
  www www1 www2 web app api apis admin administrator root system sysadmin operator operators staff team
  mail email smtp imap pop pop3 mx mx1 mx2 webmail autoconfig autodiscover
  postmaster hostmaster webmaster abuse security noc info noreply no-reply newsletter
  ns ns1 ns2 ns3 ns4 dns wpad isatap localhost localdomain internal intranet private public broadcasthost
  status health metrics monitor monitoring grafana prometheus logs alerts
  support help helpdesk docs documentation blog news forum community about contact legal terms privacy imprint
  account accounts auth login logout signin sign-in signup sign-up register sso oauth oidc id identity
  billing pay payment payments checkout pricing invoice invoices order orders stripe webhook webhooks
  console dashboard portal panel manage my account-portal
  licence licences license licenses licensing activate activation
  gateway edge proxy relay mqtt mqtts coap iot-gateway device devices
  cdn static assets media img images files download downloads upload uploads update updates
  ftp sftp ssh vpn git ci registry db database mongo temporal pulumi mailbox cloud clouds
  ssl tls ca acme-challenge well-known
  freehold thinger`.split(/\s+/),
);

/**
 * Parses the server name that a customer typed: trims it and lowers its case, nothing else.
 *
 * 3 to 40 ASCII letters, digits and single hyphens, beginning with a letter and not ending with a hyphen, so that every
 * name is one plain DNS label (RFC 1035) and no internationalised name can imitate another. Throws `hostname_reserved`,
 * or `hostname_malformed` whose detail names the broken rule.
 */
export function parseName(text: string): string {
  const name = text.trim().toLowerCase();
  if (reservedNames.has(name)) throw new ReasonError('hostname_reserved', `"${name}" is reserved`);
  const broken = brokenRule(name);
  if (broken) throw new ReasonError('hostname_malformed', broken);
  return name;
}

/** The full hostname of a server: `<name>.<label of its cloud>.<base domain>`. */
export function hostnameOf(
  server: { name: string; cloud: CloudName },
  catalogue: Catalogue,
  baseDomain: string,
): string {
  const cloud = catalogue.clouds.find((each) => each.name === server.cloud);
  if (!cloud) throw new ReasonError('cloud_unknown');
  return `${server.name}.${cloud.label}.${baseDomain}`;
}

/** Alternatives to a taken name, best first; all well-formed, not checked for being free. */
export function nameVariants(name: string): string[] {
  const ends = ['-hq', '-iot', '-server', '-hub', '-one', '-2', '-3', '-4', '-5', '-6', '-7', '-8', '-9'];
  return ends
    .map((end) => `${name.slice(0, maximum - end.length).replace(/-$/, '')}${end}`)
    .filter((variant) => variant !== name && !reservedNames.has(variant));
}

function brokenRule(name: string): string | undefined {
  if (name.length < minimum) return texts.tooShort({ minimum });
  if (name.length > maximum) return texts.tooLong({ maximum });
  if (/[^a-z0-9-]/.test(name)) return texts.characters;
  if (!/^[a-z]/.test(name)) return texts.start;
  if (name.endsWith('-')) return texts.end;
  if (name.includes('--')) return texts.hyphens;
  return undefined;
}
