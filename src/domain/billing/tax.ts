import { ReasonError } from '../../contracts/reasons.ts';

/** What tax a buyer pays; frozen on the quote and the order. */
export interface Tax {
  /** ISO 3166-1 alpha-2, or XI for Northern Ireland. */
  country: string;
  /** Hundredths of a percent. */
  basisPoints: number;
  name: 'VAT' | 'No VAT';
  /** The UTC day whose rate this is, YYYY-MM-DD. */
  day: string;
}

/** First day of the table; no sale may be earlier. */
const firstDay = '2021-07-01';

type Row = readonly [from: string, basisPoints: number];

function since(...rows: Row[]): readonly Row[] {
  return rows;
}

function always(basisPoints: number): readonly Row[] {
  return [[firstDay, basisPoints]];
}

/**
 * Standard VAT rates by country, each row from the UTC day it begins. Sources: the Commission's "Taxes in Europe"
 * database and the national laws.
 *
 * The buyer's country decides, because servers are electronically supplied services (Directive 2006/112/EC art. 58).
 * Monaco counts as France (art. 7). Northern Ireland follows EU rules for goods only, so XI counts as outside, like GB.
 */
const rates: Readonly<Record<string, readonly Row[]>> = {
  AT: always(2_000),
  BE: always(2_100),
  BG: always(2_000),
  CY: always(1_900),
  CZ: always(2_100),
  DE: always(1_900),
  DK: always(2_500),
  EE: since([firstDay, 2_000], ['2024-01-01', 2_200], ['2025-07-01', 2_400]),
  ES: always(2_100),
  FI: since([firstDay, 2_400], ['2024-09-01', 2_550]),
  FR: always(2_000),
  GR: always(2_400),
  HR: always(2_500),
  HU: always(2_700),
  IE: always(2_300),
  IT: always(2_200),
  LT: always(2_100),
  LU: since([firstDay, 1_700], ['2023-01-01', 1_600], ['2024-01-01', 1_700]),
  LV: always(2_100),
  MC: always(2_000),
  MT: always(1_800),
  NL: always(2_100),
  PL: always(2_300),
  PT: always(2_300),
  RO: since([firstDay, 1_900], ['2025-08-01', 2_100]),
  SE: always(2_500),
  SI: always(2_200),
  SK: since([firstDay, 2_000], ['2025-01-01', 2_300]),
  // Outside the EU we owe no VAT; these are listed because their rules are likely to change next.
  CH: always(0),
  GB: always(0),
  NO: always(0),
  XI: always(0),
};

/** Every other country of ISO 3166-1: outside EU VAT, rate 0. */
const others: ReadonlySet<string> = new Set(
  `AD AE AF AG AI AL AM AO AQ AR AS AU AW AX AZ BA BB BD BF BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF
  CG CI CK CL CM CN CO CR CU CV CW CX DJ DM DO DZ EC EG EH ER ET FJ FK FM FO GA GD GE GF GG GH GI GL GM GN GP GQ GS GT
  GU GW GY HK HM HN HT ID IL IM IN IO IQ IR IS JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LY MA
  MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MU MV MW MX MY MZ NA NC NE NF NG NI NP NR NU NZ OM PA PE PF PG PH PK PM PN
  PR PS PW PY QA RE RS RU RW SA SB SC SD SG SH SJ SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR
  TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`.split(/\s+/),
);

/**
 * The tax that a buyer from this country pays at this time.
 *
 * @param at ms since the epoch; must not lie before the table's first day
 * @throws ReasonError `country_unknown` when the code is not in upper case ISO 3166-1 alpha-2
 */
export function taxFor({ country, at }: { country: string; at: number }): Tax {
  const day = new Date(at).toISOString().slice(0, 10);
  if (others.has(country)) return { country, basisPoints: 0, name: 'No VAT', day };
  const rows = Object.hasOwn(rates, country) ? rates[country]! : undefined;
  if (!rows) {
    throw new ReasonError('country_unknown', country === 'EL' ? 'Greece is GR' : 'send two capital letters, like ES');
  }
  const row = rows.findLast(([from]) => Date.parse(from) <= at);
  if (!row) throw new RangeError(`the VAT table begins on ${firstDay}`);
  return { country, basisPoints: row[1], name: row[1] === 0 ? 'No VAT' : 'VAT', day };
}
