/** What is wrong with one field of a request; continues the field's path. */
export const fields = {
  missing: 'This field is required.',
  unknown: 'There is no such field: {names}.',
  type: {
    string: 'This must be text.',
    number: 'This must be a number.',
    int: 'This must be a whole number.',
    boolean: 'This must be true or false.',
    array: 'This must be a list.',
    object: 'This must be an object with fields.',
    record: 'This must be an object with fields.',
    other: 'This has the wrong type.',
  },
  tooFew: {
    text: 'This needs at least {count, plural, one {# character} other {# characters}}.',
    items: 'This needs at least {count, plural, one {# entry} other {# entries}}.',
    number: 'This must be {count} or more.',
  },
  tooMany: {
    text: 'This may have at most {count, plural, one {# character} other {# characters}}.',
    items: 'This may have at most {count, plural, one {# entry} other {# entries}}.',
    number: 'This must be {count} or less.',
  },
  oneOf: 'This must be one of: {values}.',
  format: {
    email: 'This is not an e-mail address.',
    url: 'This is not an address like https://example.com/.',
    datetime: 'This is not a time like 2027-01-31T12:00:00Z.',
    date: 'This is not a date like 2027-01-31.',
    other: 'This does not have the expected form.',
  },
  key: 'No entry of this name is accepted here.',
  union: 'This has none of the accepted forms.',
  multiple: 'This must be a multiple of {step}.',
  other: 'This is not accepted here.',
} as const;
