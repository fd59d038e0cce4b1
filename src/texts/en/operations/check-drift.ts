/** Texts of the drift check of a delivered server. */
export const checkDrift = {
  title: 'Check the server',
  request: 'Compare a server with its stack and make the safe repairs',
  live: {
    title: 'Your server is being checked',
    lead: 'Missing or changed parts are restored. Nothing that holds data is changed.',
  },
  abort: 'end it and leave the server as it is',
  steps: {
    'detect-drift': { title: 'Check the server', why: 'The cloud is compared with what was built.' },
    'report-drift': { title: 'Decide about the repair', why: 'Nothing that holds data is changed.' },
    'repair-stack': { title: 'Repair the server', why: 'Missing or changed parts are restored.' },
    'await-healthy': { title: 'Wait for the server', why: 'The server starts and gets its certificate.' },
  },
} as const;
