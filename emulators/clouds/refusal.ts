const statuses = { invalid: 400, not_found: 404, in_use: 409, taken: 409, scripted: 422 } as const;

/** A refusal of an emulated cloud, with the cloud's own message. */
export class DoubleRefusal extends Error {
  override readonly name = 'DoubleRefusal';
  readonly code: keyof typeof statuses;

  constructor(code: keyof typeof statuses, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return statuses[this.code];
  }
}
