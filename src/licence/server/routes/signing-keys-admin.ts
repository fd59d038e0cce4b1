import { route } from '../../../routing/route.ts';
import { RollSigningKeys, SigningKeyList } from '../../protocol/signing-keys.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import { listSigningKeys, rollSigningKeys } from '../keys/key-roll.ts';

const tag = 'keys';
const guard = requireAdmin;
const answers = { 200: SigningKeyList };

export const signingKeyAdminRoutes = [
  route({
    method: 'get',
    path: '/v1/admin/signing-keys',
    tag,
    summary: 'The keys that sign, will sign and have signed, and until when each is published',
    guard,
    answers,
    problems: [],
    handler: async ({ context }) => ({ status: 200, body: await listSigningKeys(context) }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/signing-keys/roll',
    tag,
    summary: 'Make the next key sign; naming it makes the call safe to repeat',
    guard,
    body: RollSigningKeys,
    answers,
    problems: ['KEY_ROLL_TOO_EARLY', 'KEY_ROLL_REFUSED'],
    handler: async ({ body, caller, context }) => ({
      status: 200,
      body: await rollSigningKeys(context, body, caller),
    }),
  }),
];
