/** Hostnames: their rules, holders, and resolution. */
export const hostnameReasonTexts = {
  hostname_malformed: {
    customer: 'This name cannot be used as a hostname.',
    operator: 'The name breaks a rule of hostnames; the detail names it.',
    next: 'Use 3 to 40 letters, digits and single hyphens, beginning with a letter.',
  },
  hostname_reserved: {
    customer: 'This name is reserved.',
    operator: 'The name is on the list of reserved names.',
    next: 'Choose another name.',
  },
  hostname_taken: {
    customer: 'This name is taken.',
    operator: 'Another instance owns the name.',
    next: 'Choose another name.',
  },
  hostname_held: {
    customer: 'Somebody else is ordering this name at the moment.',
    operator: 'Another open quote or order holds the name.',
    next: 'Choose another name or try again later.',
  },
  hostname_ordered: {
    customer: 'You have ordered this name already: your order for it is open.',
    operator: 'An open order of the same cart holds the name; the detail is its id.',
    next: 'Look at your order: POST /v1/carts/orders with the hold token of the cart finds it.',
  },
  too_many_holds: {
    customer: 'You hold too many names without having paid for one.',
    operator: 'The limit of unpaid holds per account, per cart of a guest or per client address is reached.',
    next: 'Pay or cancel an open order, or wait until a hold ends.',
  },
  dns_unresolved: {
    customer: 'The address of the server is not known everywhere yet.',
    operator: 'The hostname does not resolve to the address of the stack.',
    next: 'Wait; the step is retried.',
  },
  tls_untrusted: {
    customer: 'The certificate of the server is not ready yet.',
    operator: 'The TLS handshake with the host fails.',
    next: 'Wait; the step is retried.',
  },
} as const;
