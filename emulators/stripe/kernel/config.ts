/** What the emulator was started with. */
export interface Config {
  /** Base address under which customers' browsers reach the emulator. */
  address: string;
  /** The accepted keys; any `sk_test_…` or `pk_test_…` when absent. */
  secretKey: string | undefined;
  publishableKey: string | undefined;
  /** First pause before a failed webhook is sent again (ms); doubles each time up to `retryCapMs`. */
  retryBaseMs: number;
  retryCapMs: number;
  /** How often one webhook is tried before the emulator gives it up. */
  retryAttempts: number;
}
