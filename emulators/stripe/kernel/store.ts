import type { Stripe } from 'stripe';
import type { Database, SqlValue } from './database.ts';
import { invalidRequest, noSuch } from './errors.ts';

/** Every kind of stored object, by the value of its `object` field. */
export interface Kinds {
  charge: Stripe.Charge;
  credit_note: Stripe.CreditNote;
  credit_note_line_item: Stripe.CreditNoteLineItem;
  customer: Stripe.Customer;
  event: Stripe.EventBase;
  invoice: Stripe.Invoice;
  invoice_payment: Stripe.InvoicePayment;
  invoiceitem: Stripe.InvoiceItem;
  line_item: Stripe.InvoiceLineItem;
  payment_intent: Stripe.PaymentIntent;
  payment_method: Stripe.PaymentMethod;
  price: Stripe.Price;
  product: Stripe.Product;
  refund: Stripe.Refund;
  setup_intent: Stripe.SetupIntent;
  subscription: Stripe.Subscription;
  subscription_item: Stripe.SubscriptionItem;
  tax_rate: Stripe.TaxRate;
  webhook_endpoint: Stripe.WebhookEndpoint;
}

export type Kind = keyof Kinds;
export type Stored = Kinds[Kind];

/** Conditions on fields, by dotted path; an array means "one of", null "unset", undefined "any". */
export type Filter = Record<string, string | number | boolean | string[] | TimeRange | null | undefined>;
export interface TimeRange {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

/** Cursor parameters of a list. */
export interface Cursor {
  limit?: number;
  starting_after?: string;
  ending_before?: string;
}

/**
 * The objects. `body` is what Stripe would show; `hidden` is what Stripe stores and never shows (a card's number).
 * Kinds with `object: 'line_item'` and the like are stored separately and added to their parents when rendered.
 */
export interface Store {
  insert<Body extends Stored>(body: Body, hidden?: unknown): Body;
  /** The object, or `resource_missing`; `param` names the parameter that contained the id. */
  get<K extends Kind>(kind: K, id: string, param?: string): Kinds[K];
  find<K extends Kind>(kind: K, id: string): Kinds[K] | undefined;
  /** Whatever has this id, deleted or not. */
  findAny(id: string): { body: Stored; deleted: boolean } | undefined;
  /** Whether an object with this id existed and was deleted. */
  wasDeleted(kind: Kind, id: string): boolean;
  hidden<Secret>(id: string): Secret | undefined;
  save(body: Stored, hidden?: unknown): void;
  remove(id: string): void;
  /** Every object that matches the filter, oldest first. */
  all<K extends Kind>(kind: K, filter: Filter): Kinds[K][];
  /** One page, newest first like Stripe's lists, except those of lines and items. */
  page<K extends Kind>(kind: K, options: PageOptions): Stripe.ApiList<Kinds[K]>;
}

export interface PageOptions {
  url: string;
  filter?: Filter;
  cursor: Cursor;
  oldestFirst?: boolean;
}

interface Row {
  seq: number;
  body: string;
}

const defaultLimit = 10;

export function createStore(database: Database): Store {
  const find = <K extends Kind>(kind: K, id: string): Kinds[K] | undefined => {
    const row = database.row<Row>('SELECT body FROM objects WHERE id = ? AND kind = ? AND deleted = 0', id, kind);
    return row && JSON.parse(row.body);
  };
  const place = (kind: Kind, id: string, param: string) => {
    const row = database.row<Row>('SELECT seq FROM objects WHERE id = ? AND kind = ?', id, kind);
    if (!row) throw noSuch(kind, id, param);
    return row.seq;
  };
  return {
    insert: (body, hidden) => {
      database.run(
        'INSERT INTO objects (kind, id, created, body, hidden) VALUES (?, ?, ?, ?, ?)',
        body.object,
        body.id,
        'created' in body ? body.created : 0,
        JSON.stringify(body),
        hidden === undefined ? null : JSON.stringify(hidden),
      );
      return body;
    },
    get: (kind, id, param) => {
      const found = find(kind, id);
      if (!found) throw noSuch(kind, id, param);
      return found;
    },
    find,
    findAny: (id) => {
      const row = database.row<Row & { deleted: number }>('SELECT body, deleted FROM objects WHERE id = ?', id);
      return row && { body: JSON.parse(row.body), deleted: row.deleted === 1 };
    },
    wasDeleted: (kind, id) =>
      database.row('SELECT 1 FROM objects WHERE id = ? AND kind = ? AND deleted = 1', id, kind) !== undefined,
    hidden: <Secret>(id: string): Secret | undefined => {
      const row = database.row<{ hidden: string | null }>('SELECT hidden FROM objects WHERE id = ?', id);
      return row?.hidden ? JSON.parse(row.hidden) : undefined;
    },
    save: (body, hidden) => {
      database.run('UPDATE objects SET body = ? WHERE id = ?', JSON.stringify(body), body.id);
      if (hidden !== undefined) {
        database.run('UPDATE objects SET hidden = ? WHERE id = ?', JSON.stringify(hidden), body.id);
      }
    },
    remove: (id) => database.run('UPDATE objects SET deleted = 1 WHERE id = ?', id),
    all: <K extends Kind>(kind: K, filter: Filter) => {
      const where = conditions(kind, filter);
      return database
        .rows<Row>(`SELECT body FROM objects WHERE ${where.sql} ORDER BY seq`, ...where.values)
        .map((row) => JSON.parse(row.body) as Kinds[K]);
    },
    page: <K extends Kind>(
      kind: K,
      { url, filter = {}, cursor, oldestFirst = false }: PageOptions,
    ): Stripe.ApiList<Kinds[K]> => {
      if (cursor.starting_after !== undefined && cursor.ending_before !== undefined) {
        throw invalidRequest({
          code: 'parameters_exclusive',
          message: 'You may only specify one of these parameters: ending_before, starting_after.',
        });
      }
      const where = conditions(kind, filter);
      const limit = cursor.limit ?? defaultLimit;
      if (cursor.starting_after !== undefined) {
        where.sql += oldestFirst ? ' AND seq > ?' : ' AND seq < ?';
        where.values.push(place(kind, cursor.starting_after, 'starting_after'));
      }
      if (cursor.ending_before !== undefined) {
        where.sql += oldestFirst ? ' AND seq < ?' : ' AND seq > ?';
        where.values.push(place(kind, cursor.ending_before, 'ending_before'));
      }
      const backwards = cursor.ending_before !== undefined;
      const rows = database.rows<Row>(
        `SELECT body FROM objects WHERE ${where.sql} ORDER BY seq ${backwards !== oldestFirst ? 'ASC' : 'DESC'} LIMIT ?`,
        ...where.values,
        limit + 1,
      );
      const data = rows.slice(0, limit).map((row) => JSON.parse(row.body) as Kinds[K]);
      return { object: 'list', data: backwards ? data.reverse() : data, has_more: rows.length > limit, url };
    },
  };
}

function conditions(kind: Kind, filter: Filter): { sql: string; values: SqlValue[] } {
  const parts = ['kind = ?', 'deleted = 0'];
  const values: SqlValue[] = [kind];
  for (const [path, wanted] of Object.entries(filter)) {
    if (wanted === undefined) continue;
    const field = path === 'created' ? 'created' : `json_extract(body, '$.${path}')`;
    if (wanted === null) {
      parts.push(`${field} IS NULL`);
    } else if (Array.isArray(wanted)) {
      parts.push(`${field} IN (SELECT value FROM json_each(?))`);
      values.push(JSON.stringify(wanted));
    } else if (typeof wanted === 'object') {
      for (const [name, sign] of [
        ['gt', '>'],
        ['gte', '>='],
        ['lt', '<'],
        ['lte', '<='],
      ] as const) {
        const bound = wanted[name];
        if (bound === undefined) continue;
        parts.push(`${field} ${sign} ?`);
        values.push(bound);
      }
    } else {
      parts.push(`${field} = ?`);
      values.push(typeof wanted === 'boolean' ? Number(wanted) : wanted);
    }
  }
  return { sql: parts.join(' AND '), values };
}
