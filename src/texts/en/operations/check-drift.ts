/** What people read about a check of a delivered server against its stack. */
export const checkDrift = {
  title: 'Check the server',
  request: 'Compare a server with its stack and repair what is safe',
  live: {
    title: 'Your server is being checked',
    lead: 'What is missing or changed at its cloud is put back. Nothing that holds data is touched.',
  },
  abort: 'end it and leave the server as it is',
  steps: {
    'detect-drift': { title: 'Look at the server', why: 'What the cloud holds is compared with what was built.' },
    'report-drift': { title: 'Decide about the repair', why: 'Nothing that holds data is touched.' },
    'repair-stack': { title: 'Repair the server', why: 'What is missing or changed is put back.' },
    'await-healthy': { title: 'Wait for the server', why: 'The server starts and gets its certificate.' },
  },
} as const;
