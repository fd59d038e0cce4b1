/**
 * What a cloud goes on doing after it has answered. Whoever began it asks for its state by its id; the first look finds it
 * running, however quick it was, so that who does not wait is found out.
 */
export function createOperations() {
  const begun = new Map<string, { isOver: boolean; looks: number }>();
  return {
    /** Answers the id under which the work is known, a number of the double's own. */
    begin(work: Promise<unknown>): string {
      const id = String(begun.size + 1);
      const operation = { isOver: false, looks: 0 };
      begun.set(id, operation);
      const end = () => {
        operation.isOver = true;
      };
      work.then(end, end);
      return id;
    },
    /** Whether it is still running; null where nothing was begun under this id. */
    isRunning(id: string): boolean | null {
      const operation = begun.get(id);
      if (!operation) return null;
      operation.looks += 1;
      return !operation.isOver || operation.looks < 2;
    },
  };
}
