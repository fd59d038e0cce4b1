import type { CloudErrorCode } from '../../src/stacks/local/cloud-api.ts';

const statuses: Record<CloudErrorCode, number> = {
  invalid: 400,
  unauthorised: 401,
  not_found: 404,
  in_use: 409,
  name_taken: 409,
  token_reused: 409,
  unknown_region: 422,
  unknown_zone: 422,
  unknown_size: 422,
  unknown_image: 422,
  volume_shrinks: 422,
  quota: 429,
  capacity: 422,
  unavailable: 503,
};

/** A refusal of the small cloud. */
export class CloudRefusal extends Error {
  override readonly name = 'CloudRefusal';
  readonly code: CloudErrorCode;
  readonly status: number;

  constructor(code: CloudErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = statuses[code];
  }
}
