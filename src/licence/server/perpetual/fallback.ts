import { coerce, compare, parse, type SemVer } from 'semver';
import { percentOf } from '../../../domain/billing/money.ts';
import type { PerpetualTerms } from '../../protocol/admin.ts';
import type { LicenceCode } from '../../protocol/codes.ts';
import type { SeatMode } from '../../protocol/requests.ts';

/**
 * The rules of perpetual licences: which releases may run for ever, and what a renewal adds and costs.
 *
 * A licence covers the releases that the registry dates inside its update window; both ends of the window and the dates
 * of releases are calendar days in UTC, and the last day is inclusive. A date reported by a node is never used.
 */

/** A calendar day in UTC, `YYYY-MM-DD`; text order is day order. */
export type UtcDay = string;

export function utcDay(ms: number): UtcDay {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Paid years of updates, counted from their first day, so that no renewal ever shifts the day of the month. */
export interface UpdateWindow {
  from: UtcDay;
  years: number;
}

/** Last day of the window, inclusive. If the year has no such day (29 February), the last day of the month. */
export function updatesUntil({ from, years }: UpdateWindow): UtcDay {
  const [year, month, day] = from.split('-').map(Number) as [number, number, number];
  const lastOfMonth = new Date(Date.UTC(year + years, month, 0)).getUTCDate();
  return utcDay(Date.UTC(year + years, month - 1, Math.min(day, lastOfMonth)));
}

/**
 * The window after `years` more were paid: they follow the old window, even if it ended long ago. Only with
 * FROM_NOW_IF_EXPIRED, and only once the last day is over, do they begin on `day`; releases in between stay covered.
 */
export function renewedWindow(
  window: UpdateWindow,
  renewal: { basis: PerpetualTerms['renewalBasis']; years: number; day: UtcDay },
): UpdateWindow {
  const { basis, years, day } = renewal;
  const fromNow = basis === 'FROM_NOW_IF_EXPIRED' && day > updatesUntil(window);
  return fromNow ? { from: day, years } : { from: window.from, years: window.years + years };
}

/** Price of a renewal in minor units: for each year the agreed share of the licence's price, rounded once per year. */
export function renewalPrice(licencePrice: number, { basisPoints, years }: { basisPoints: number; years: number }) {
  return percentOf(licencePrice, basisPoints) * years;
}

export interface RegisteredRelease {
  version: string;
  releasedOn: UtcDay;
}

/** What decides about versions: the last day of updates, and the terms that the licence was sold on. */
export interface VersionRight extends Pick<PerpetualTerms, 'wholeLine' | 'unknownReleases'> {
  updatesUntil: UtcDay;
}

export interface VersionRefusal {
  code: Extract<LicenceCode, 'UNSUPPORTED_SOFTWARE_VERSION' | 'UNKNOWN_RELEASE'>;
  /** A sentence that names the newest version that may run. */
  detail: string;
}

/** The names under which a version may be registered: its own, and the one without build metadata (`1.2.3+deb1`). */
export function registryNames(version: string): string[] {
  return [...new Set([version, version.replace(/\+.*$/, '')])];
}

/**
 * Why a node may not run a version on `day`; null if it may. A release covered by the given ones stays covered whatever
 * else is registered, so a caller may first ask with that release alone.
 */
export function judgeVersion(
  node: { version: string | null; mode: SeatMode },
  right: VersionRight,
  releases: RegisteredRelease[],
  day: UtcDay,
): VersionRefusal | null {
  const names = node.version === null ? [] : registryNames(node.version);
  const release = names.flatMap((name) => releases.find(({ version }) => version === name) ?? [])[0];
  if (release === undefined) {
    if (right.unknownReleases === 'allow-dev' && node.mode === 'development') return null;
    const unknown = 'The version of this node is not a registered release.';
    return { code: 'UNKNOWN_RELEASE', detail: `${unknown} ${newestSentence(right, releases, day)}` };
  }
  if (covered(right, releases)(release)) return null;
  const dates = `Version ${release.version} was released on ${release.releasedOn}, updates end on ${right.updatesUntil}.`;
  return { code: 'UNSUPPORTED_SOFTWARE_VERSION', detail: `${dates} ${newestSentence(right, releases, day)}` };
}

/** The highest version that is covered and released on `day`; pre-releases are never named. */
export function newestAllowed(right: VersionRight, releases: RegisteredRelease[], day: UtcDay): string | null {
  const isCovered = covered(right, releases);
  let newest: { version: string; number: SemVer } | null = null;
  for (const release of releases) {
    if (release.releasedOn > day || !isFinal(release.version) || !isCovered(release)) continue;
    const number = numberOf(release.version) as SemVer;
    if (newest === null || compare(number, newest.number) > 0) newest = { version: release.version, number };
  }
  return newest?.version ?? null;
}

function newestSentence(right: VersionRight, releases: RegisteredRelease[], day: UtcDay): string {
  const newest = newestAllowed(right, releases, day);
  return newest === null
    ? 'No release is covered by this licence yet.'
    : `The newest version that this licence may run is ${newest}.`;
}

function covered(right: VersionRight, releases: RegisteredRelease[]): (release: RegisteredRelease) => boolean {
  const inWindow = ({ releasedOn }: RegisteredRelease) => releasedOn <= right.updatesUntil;
  // A pre-release does not open a line: it is not yet the line's first release.
  const opening = right.wholeLine ? releases.filter((release) => inWindow(release) && isFinal(release.version)) : [];
  const openLines = new Set(opening.map(({ version }) => lineOf(version)));
  return (release) => inWindow(release) || openLines.has(lineOf(release.version));
}

/** Not every product uses three numbers; null for a version without any number. */
function numberOf(version: string): SemVer | null {
  return parse(version) ?? coerce(version, { includePrerelease: true });
}

function isFinal(version: string): boolean {
  return numberOf(version)?.prerelease.length === 0;
}

/** X.Y of X.Y.Z; null for a version without a number. */
function lineOf(version: string): string | null {
  const number = numberOf(version);
  return number && `${number.major}.${number.minor}`;
}
