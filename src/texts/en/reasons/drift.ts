/** Servers that are not at their cloud as they were built. */
export const driftReasonTexts = {
  server_drifted: {
    customer:
      'A part of your server was removed or changed outside of our system. We put it back by ourselves; your data is kept.',
    operator: 'The cloud does not hold what the stack of a delivered server says; the timeline names the parts.',
    next: 'Wait; it is repaired by itself. Find out who changed it if it comes again.',
  },
  volume_gone: {
    customer:
      'The data volume of your server is not where it should be. Our staff look into it now; nothing is rebuilt or deleted before they have.',
    operator: 'The data volume of a delivered server is gone at the cloud. Nothing was made in its place.',
    next: 'Restore it from its newest snapshot and import it into the stack, then retry the step; abort leaves it as it is.',
  },
  volume_changed: {
    customer:
      'The data volume of your server was changed outside of our system. Our staff check it before anything is done.',
    operator:
      'The data volume of a delivered server is another one than its stack says; the timeline names what differs.',
    next: 'Put the volume right at the cloud, then retry the step; abort leaves it as it is.',
  },
  drift_unclear: {
    customer: 'A part of your server was changed outside of our system. Our staff check it before anything is done.',
    operator: 'Something of a delivered server was removed or changed of which nobody knows that a repair is safe.',
    next: 'Read the preview of the stack, put it right by hand, then retry the step; abort leaves it as it is.',
  },
  check_ended: {
    customer: 'This check of your server was ended; the server stays as it is.',
    operator: 'Somebody ended the check; what it had found is as it was.',
    next: 'Nothing to do; the next check looks again.',
  },
  server_not_ready: {
    customer: 'The server is not ready, so this cannot be done with it now.',
    operator: 'The instance is neither ready nor drifted.',
    next: 'Wait until it is ready.',
  },
} as const;
