/** Texts of the restart of a server. */
export const restart = {
  title: 'Restart the server',
  request: 'Restart a server, one machine after the other',
  live: {
    title: 'Your server is restarting',
    lead: 'It does not answer for a short while. Nothing is lost, and you can close this page.',
  },
  abort: 'end it and leave the server as it is',
  steps: {
    'restart-machines': { title: 'Restart the machines', why: 'The cloud restarts them, one after the other.' },
    'await-healthy': { title: 'Wait for the server', why: 'The server starts and answers again.' },
  },
} as const;
