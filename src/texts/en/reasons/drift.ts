/** Servers that differ from their applied spec. */
export const driftReasonTexts = {
  server_drifted: {
    customer:
      'A part of your server was removed or changed outside of our system. We restore it automatically; your data is kept.',
    operator:
      'The cloud differs from the stack of a delivered server; the operation names the parts (`freehold operations show`).',
    next: 'Wait; it is repaired automatically. Find out who changed it if it happens again.',
  },
  volume_gone: {
    customer:
      'The data volume of your server is missing. Our staff look into it now; nothing is rebuilt or deleted before they have.',
    operator:
      'The data volume of a delivered server is gone at the cloud; the detail names it. No replacement was created.',
    next: 'Abort the check, make a volume from the newest snapshot with the tags of the old one, and run `freehold reconcile --orphans --repair` (docs/operating.md, "Restore a volume"); retry looks again.',
  },
  volume_changed: {
    customer:
      'The data volume of your server was changed outside of our system. Our staff check it before anything is done.',
    operator: 'The data volume of a delivered server differs from its stack; the detail names the differences.',
    next: 'Correct the volume at the cloud, then retry the step; abort leaves it as it is.',
  },
  drift_unclear: {
    customer: 'A part of your server was changed outside of our system. Our staff check it before anything is done.',
    operator:
      'A part of a delivered server was removed or changed, and no rule says that its repair is safe; the detail names it.',
    next: 'Read the preview of the stack, correct it by hand, then retry the step; abort leaves it as it is.',
  },
  check_ended: {
    customer: 'This check of your server was ended; the server stays as it is.',
    operator: 'An operator ended the check; the drift that it found is not repaired.',
    next: 'Nothing to do; the next check finds it again.',
  },
  server_not_ready: {
    customer: 'The server is not ready, so this cannot be done now.',
    operator: 'The instance is neither ready nor drifted.',
    next: 'Wait until it is ready.',
  },
} as const;
