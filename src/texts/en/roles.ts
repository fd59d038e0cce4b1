/** What a member of an account may do, by role; continues a sentence such as "As a member you may:". */
export const roles = {
  payer: 'order, pay and cancel servers, and change what licences cost',
  admin: 'manage members, nodes and licence keys, and close the account',
  viewer: 'see servers, orders and licences',
} as const;
