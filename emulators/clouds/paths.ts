import type { Properties } from '../../src/stacks/provider/properties.ts';

/** The values at a path of a property bag: `a.b` descends, `list[]` takes each item; missing ones give none. */
export function valuesAt(bag: Properties, path: string): unknown[] {
  let values: unknown[] = [bag];
  for (const step of path.split('.')) {
    const name = step.replace(/\[\]$/, '');
    values = values.flatMap((value) => {
      const next = value !== null && typeof value === 'object' ? (value as Properties)[name] : undefined;
      if (next === undefined || next === null) return [];
      return step.endsWith('[]') && Array.isArray(next) ? next : [next];
    });
  }
  return values;
}
