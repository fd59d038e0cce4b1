/** Runs a task once at a time; requested while it runs, it runs once more afterwards. */
export function oneAtATime(task: () => Promise<unknown>, onError: (error: unknown) => void) {
  let running: Promise<void> | null = null;
  let isRequested = false;
  async function run(): Promise<void> {
    while (isRequested) {
      isRequested = false;
      try {
        await task();
      } catch (error) {
        onError(error);
      }
    }
    running = null;
  }
  return {
    request(): void {
      isRequested = true;
      running ??= run();
    },
    ended: async (): Promise<void> => {
      await running;
    },
  };
}
