/** What is left of an order that ends, and what becomes of its hostname; on the live page and in mails. */
export const removal = {
  things: { server: 'the server', licence: 'its licence', name: 'the hold on its name' },
  still: 'Still being removed: {things}.',
  name: {
    held: 'You can order {hostname} again as soon as everything is removed.',
    free: 'The name is free, you can order it again.',
    taken: 'Somebody else has the name by now; you can order another one.',
  },
} as const;
