/** What a member of an account may do, by role; continues a sentence such as "As a member you may:". */
export const roles = {
  payer: 'order servers and pay for them, cancel orders before their server is ready, and change the seats of licences',
  admin: 'restart servers, manage members, nodes and licence keys, and close the account',
  viewer: 'see servers, orders and licences',
} as const;
