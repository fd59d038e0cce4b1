import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { now } from '../../src/runtime/clock.ts';
import type { Properties } from '../../src/stacks/provider/properties.ts';
import { valuesAt } from './paths.ts';
import { DoubleRefusal } from './refusal.ts';
import type { CloudTable, DoubleObject, Place, Reference, World } from './rule-table.ts';

interface Row {
  type: string;
  id: string;
  region: string;
  inputs: string;
  computed: string;
  created: number;
}

const objectOf = ({ type, id, region, inputs, computed, created }: Row): DoubleObject => ({
  ...{ type, id, region, createdAt: created },
  inputs: JSON.parse(inputs) as Properties,
  computed: JSON.parse(computed) as Properties,
});

/** All visible properties of an object; also those that the cloud added inside an object of the inputs. */
export function propertiesOf({ inputs, computed }: Pick<DoubleObject, 'inputs' | 'computed'>): Properties {
  const isBag = (value: unknown): value is Properties =>
    value !== null && typeof value === 'object' && !Array.isArray(value);
  const entries = Object.entries(inputs).map(([name, input]) => {
    const added = computed[name];
    return [name, isBag(input) && isBag(added) ? propertiesOf({ inputs: input, computed: added }) : input];
  });
  return { ...computed, ...Object.fromEntries(entries) };
}

/**
 * The objects of one emulated cloud, in the small cloud's database: the one implementation of all tables. Every call
 * reads and writes synchronously, so calls do not interleave. Refusals are `DoubleRefusal`s with the cloud's own
 * message.
 */
export function openObjectArea(
  file: string,
  table: CloudTable,
  options: { dnsZone: string; listingDelayMs(): number },
) {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS doubles (
      cloud TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, region TEXT NOT NULL, inputs TEXT NOT NULL,
      computed TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (cloud, type, id)
    );
  `);
  const { cloud, words } = table;
  const insert = db.prepare(
    'INSERT INTO doubles (cloud, type, id, region, inputs, computed, created) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const update = db.prepare('UPDATE doubles SET inputs = ?, computed = ? WHERE cloud = ? AND type = ? AND id = ?');
  const select = db.prepare('SELECT * FROM doubles WHERE cloud = ? AND type = ? AND id = ?');
  const selectType = db.prepare('SELECT * FROM doubles WHERE cloud = ? AND type = ? ORDER BY created, id');
  const selectAll = db.prepare('SELECT * FROM doubles WHERE cloud = ? AND created <= ? ORDER BY created, id');
  const erase = db.prepare('DELETE FROM doubles WHERE cloud = ? AND type = ? AND id = ?');

  const given = table.given(options.dnsZone);
  for (const { type, id, region, inputs } of given) {
    if (!select.get(cloud, type, id)) insert.run(cloud, type, id, region, JSON.stringify(inputs), '{}', 0);
  }
  const isGiven = ({ type, id }: Pick<DoubleObject, 'type' | 'id'>) =>
    given.some((object) => object.type === type && object.id === id);

  const world: World = {
    find(type, id) {
      const row = select.get(cloud, type, id) as Row | undefined;
      return row ? objectOf(row) : null;
    },
    list: (type) => (selectType.all(cloud, type) as unknown as Row[]).map(objectOf),
    newId: (prefix, digits = 16) =>
      prefix +
      randomBytes(Math.ceil(digits / 2))
        .toString('hex')
        .slice(0, digits),
    newAddress() {
      const taken = new Set(everything().flatMap(({ computed }) => Object.values(computed)));
      for (;;) {
        const [high, low] = randomBytes(2) as unknown as [number, number];
        const address = `198.18.${high}.${low}`;
        if (!taken.has(address)) return address;
      }
    },
  };

  function everything(until = Number.MAX_SAFE_INTEGER): DoubleObject[] {
    return (selectAll.all(cloud, until) as unknown as Row[]).map(objectOf);
  }

  function ruleOf(type: string) {
    const rule = table.types[type];
    if (!rule) throw new DoubleRefusal('invalid', `the double of ${cloud} does not know the type ${type}`);
    return rule;
  }

  function need(type: string, id: string): DoubleObject {
    const object = world.find(type, id);
    if (!object) throw new DoubleRefusal('not_found', words.missing({ type, id }));
    return object;
  }

  /** Whether a name in another object's inputs means this object. */
  function means({ by, within }: Reference, name: unknown, object: DoubleObject, inputs: Properties): boolean {
    const isThere = within === undefined || inputs[within] === object.inputs[within];
    return isThere && String(name) === (by === undefined ? object.id : String(propertiesOf(object)[by]));
  }

  function checkReferences(type: string, inputs: Properties): void {
    for (const [path, reference] of Object.entries(ruleOf(type).references ?? {})) {
      for (const name of valuesAt(inputs, path)) {
        const exists =
          reference.by === undefined
            ? world.find(reference.type, String(name)) !== null
            : world.list(reference.type).some((object) => means(reference, name, object, inputs));
        if (!exists) throw new DoubleRefusal('invalid', words.missing({ type: reference.type, id: String(name) }));
      }
    }
  }

  function checkUnique(type: string, desired: { id?: string; region: string; inputs: Properties }): void {
    const { unique } = ruleOf(type);
    const name = unique?.(desired) ?? null;
    if (name === null) return;
    const other = world.list(type).find((object) => object.id !== desired.id && unique!(object) === name);
    if (other) throw new DoubleRefusal('taken', words.taken({ type, name }));
  }

  /** Objects that refer to this one, and how. */
  function referrers(object: DoubleObject): { other: DoubleObject; reference: Reference }[] {
    return everything().flatMap((other) =>
      Object.entries(table.types[other.type]?.references ?? {}).flatMap(([path, reference]) =>
        reference.type === object.type &&
        valuesAt(other.inputs, path).some((name) => means(reference, name, object, other.inputs))
          ? [{ other, reference }]
          : [],
      ),
    );
  }

  function refuse(text: string | null | undefined): void {
    if (text) throw new DoubleRefusal('invalid', text);
  }

  return {
    world,
    need,
    create(type: string, { region, inputs }: Place & { inputs: Properties }): DoubleObject {
      const rule = ruleOf(type);
      checkReferences(type, inputs);
      const there = rule.adopts?.({ region, inputs }, world);
      if (there) return this.change(type, there.id, inputs);
      checkUnique(type, { region, inputs });
      refuse(rule.refuse?.({ region, inputs }, world));
      const id = typeof rule.id === 'string' ? world.newId(rule.id) : rule.id({ region, inputs }, world);
      if (world.find(type, id)) throw new DoubleRefusal('taken', words.taken({ type, name: id }));
      const computed = rule.computed?.({ id, region, inputs }, world, {}) ?? {};
      insert.run(cloud, type, id, region, JSON.stringify(inputs), JSON.stringify(computed), now());
      return need(type, id);
    },
    /** Changes in place; properties missing from the new inputs are removed. */
    change(type: string, id: string, inputs: Properties): DoubleObject {
      const rule = ruleOf(type);
      const before = need(type, id);
      checkReferences(type, inputs);
      checkUnique(type, { id, region: before.region, inputs });
      refuse(rule.refuse?.({ id, region: before.region, inputs, before: before.inputs }, world));
      const computed = rule.computed?.({ id, region: before.region, inputs }, world, before.computed) ?? {};
      update.run(JSON.stringify(inputs), JSON.stringify(computed), cloud, type, id);
      return need(type, id);
    },
    /** Removes the object and its dependants; returns everything removed. */
    remove(type: string, id: string, by: 'provider' | 'wire'): DoubleObject[] {
      const object = need(type, id);
      const { protection, refuseDelete } = ruleOf(type);
      const properties = propertiesOf(object);
      const isLifted = by === 'provider' && protection?.unless !== undefined && properties[protection.unless] === true;
      if (protection && properties[protection.input] === true && !isLifted) {
        throw new DoubleRefusal('invalid', words.protected({ type, id, input: protection.input }));
      }
      const named = referrers(object);
      const isReleased = ({ onDelete, releasedIf }: Reference) =>
        onDelete === 'released' && by === 'provider' && (releasedIf === undefined || properties[releasedIf] === true);
      const goes = ({ reference }: { reference: Reference }) => reference.onDelete === 'ends' || isReleased(reference);
      const user = named.find((each) => each.reference.onDelete !== 'stays' && !goes(each));
      if (user) throw new DoubleRefusal('in_use', words.inUse({ type, id, by: user.other.id }));
      const gone = [object, ...named.filter(goes).map(({ other }) => other)];
      refuse(refuseDelete?.(object, world));
      for (const each of gone) erase.run(cloud, each.type, each.id);
      return gone;
    },
    /** What lists show: without objects that an account always has, and without those that are too new. */
    list(tag?: readonly [string, string]): DoubleObject[] {
      const until = now() - options.listingDelayMs();
      return everything(until).filter(
        (object) => !isGiven(object) && (tag === undefined || table.tagsOf(object)[tag[0]] === tag[1]),
      );
    },
    /** All objects that somebody created. */
    all: () => everything().filter((object) => !isGiven(object)),
    close: () => db.close(),
  };
}

export type ObjectArea = ReturnType<typeof openObjectArea>;
