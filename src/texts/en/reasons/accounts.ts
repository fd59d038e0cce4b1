/** Sign-in, permissions, accounts and members. */
export const accountReasonTexts = {
  not_signed_in: {
    customer: 'Please sign in first.',
    operator: 'The request carries no valid session, capability or token.',
    next: 'Sign in and try again.',
  },
  not_allowed: {
    customer: 'Your role does not allow this.',
    operator: 'The member lacks the role that this route requires.',
    next: 'Ask an administrator of the account.',
  },
  csrf_mismatch: {
    customer: 'This page is out of date. Reload it and try again.',
    operator: 'The CSRF token is missing or does not belong to the session.',
    next: 'Reload the page.',
  },
  sign_in_code_wrong: {
    customer: 'This code is wrong or no longer valid.',
    operator: 'The one-time code is unknown, used, expired, guessed too often or of another browser.',
    next: 'Enter the newest code in the browser in which you asked for it, with cookies allowed, or ask for a new one.',
  },
  not_a_member: {
    customer: 'This address is no longer a member of its account.',
    operator: 'The account bills this address, but the member has left it or was removed.',
    next: 'Ask an administrator of the account for an invitation, or use another address.',
  },
  already_member: {
    customer: 'This address is a member already.',
    operator: 'The account has a member with this address.',
    next: 'Change the roles of the member instead.',
  },
  already_invited: {
    customer: 'This address is invited already.',
    operator: 'The account has an invitation to this address, open or expired.',
    next: 'Send the invitation again, or revoke it and invite the address again.',
  },
  too_many_members: {
    customer: 'This account has reached its limit of members and invitations.',
    operator: 'The limit of members and invitations of one account is reached.',
    next: 'Revoke invitations or remove members that are not needed.',
  },
  invitation_invalid: {
    customer: 'This invitation is not valid any more.',
    operator: 'The token belongs to no open invitation: it was used, revoked, replaced, or has expired.',
    next: 'Open the newest e-mail, or ask for another invitation.',
  },
  invitation_not_mailed: {
    customer: 'The invitation could not be mailed.',
    operator: 'The SMTP relay is unreachable or answered with 4xx; a new invitation was removed again.',
    next: 'Send it again in some minutes.',
  },
  last_administrator: {
    customer: 'An account needs an administrator, and this is the last one.',
    operator: 'The change would leave the account without a member in the role admin.',
    next: 'Make another member an administrator first, or close the account.',
  },
  account_holder: {
    customer: 'This account belongs to this address, so its member cannot leave it or be removed.',
    operator: 'The member has the address of the account, whose guest orders and bills go into it.',
    next: 'Give the member other roles instead, or close the account.',
  },
  account_in_use: {
    customer: 'This account still has servers or open orders.',
    operator: 'Instances that are not terminated or orders that have not ended keep the account open.',
    next: 'Cancel the open orders that the detail names. An account with a delivered server cannot be closed; contact support.',
  },
  account_closed: {
    customer: 'This account is closed or is being closed.',
    operator:
      'The order arrived, or the unpaid order of a guest was paid, when its account was closed or being closed.',
    next: 'Order again: a new account is made for the address.',
  },
} as const;
