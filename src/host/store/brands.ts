import { now } from '../../runtime/clock.ts';
import type { Database } from './database.ts';
import { newHostId } from './host-id.ts';

/** Look and name of the pages under one domain. Colours are `#rrggbb`. */
export interface Brand {
  id: string;
  name: string;
  domainId: string;
  domain: string;
  accent: string;
  band: string;
  hasLogo: boolean;
  addedAt: number;
}

export interface Logo {
  type: string;
  data: Uint8Array;
}

const select = `select b.id, b.name, b.domain_id as domainId, d.name as domain, b.accent, b.band,
  b.logo is not null as hasLogo, b.added_at as addedAt from brands b join domains d on d.id = b.domain_id`;

type Row = Omit<Brand, 'hasLogo'> & { hasLogo: number };

function brandOf(row: unknown): Brand {
  const { hasLogo, ...rest } = row as Row;
  return { ...rest, hasLogo: hasLogo === 1 };
}

export function createBrands({ sql, durably }: Database) {
  const list = sql.prepare(`${select} order by b.name`);
  const byDomain = sql.prepare(`${select} where d.name = ?`);
  const byId = sql.prepare(`${select} where b.id = ?`);
  const byName = sql.prepare(`${select} where b.name = ?`);
  const ofDomain = sql.prepare(`${select} where b.domain_id = ?`);
  const logo = sql.prepare('select logo_type as type, logo as data from brands where id = ? and logo is not null');
  const insert = sql.prepare(
    `insert into brands (id, name, domain_id, accent, band, logo_type, logo, added_at)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = sql.prepare('delete from brands where id = ?');
  const one = (row: unknown) => (row === undefined ? undefined : brandOf(row));

  return {
    list: () => list.all().map(brandOf),
    /** The brand of the domain in the Host header, if there is one. */
    forHost: (hostname: string) => one(byDomain.get(hostname)),
    byName: (name: string) => one(byName.get(name)),
    ofDomain: (domainId: string) => one(ofDomain.get(domainId)),
    logo: (id: string) => logo.get(id) as Logo | undefined,
    add(brand: { name: string; domainId: string; accent: string; band: string; logo: Logo | undefined }): Brand {
      const id = newHostId('brd');
      durably(() =>
        insert.run(
          id,
          brand.name,
          brand.domainId,
          brand.accent,
          brand.band,
          brand.logo?.type ?? null,
          brand.logo?.data ?? null,
          now(),
        ),
      );
      return brandOf(byId.get(id));
    },
    remove: (id: string) => durably(() => remove.run(id).changes === 1),
  };
}
