import { ReasonError, type RefusedField, RefusedFields } from '../../contracts/reasons.ts';

/** Collects the fields of a request that are refused, so that all of them are reported at once. */
export interface FieldCollector {
  /** Runs the check of a field; undefined where it throws a reason, which is kept. Other errors are thrown. */
  check<Value>(path: string, read: () => Value): Value | undefined;
  /** The value that all checks together gave; throws `RefusedFields` where a field was refused. */
  result<Value>(value: Value | undefined): Value;
}

export function collectFields(): FieldCollector {
  const refused: RefusedField[] = [];
  return {
    check(path, read) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof ReasonError)) throw error;
        refused.push({ path, error });
        return undefined;
      }
    },
    result(value) {
      const [first, ...others] = refused;
      if (first) throw new RefusedFields([first, ...others]);
      if (value === undefined) throw new Error('a check gave no value and no reason');
      return value;
    },
  };
}
