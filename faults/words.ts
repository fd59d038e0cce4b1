import type { ClockName } from '../src/embedded/processes.ts';
import { victimTitles } from './processes.ts';
import type { Moment, PlannedFault, PlannedOrder } from './schedule.ts';

/** A schedule in words, for reports. */

const clockOwners: Readonly<Record<ClockName, string>> = {
  api: 'the API',
  control: 'the control worker',
  provision: 'the provision worker and its runners',
  licence: 'the licence server',
  hosts: 'the hosts',
};

export function momentText({ step, status, afterMs }: Moment): string {
  return `${step} ${status}${afterMs > 0 ? ` + ${(afterMs / 1_000).toFixed(1)} s` : ''}`;
}

export function orderText({ plan, cycle, users, card, cancel }: PlannedOrder): string {
  const parts = [`${plan} ${cycle}${users > 0 ? ` + ${users} users` : ''}`, card.replaceAll('-', ' ')];
  if (cancel) parts.push(`cancels at ${momentText(cancel)}`);
  return parts.join(', ');
}

export function faultText({ fault }: Pick<PlannedFault, 'fault'>): string {
  const seconds = (ms: number) => `${ms / 1_000} s`;
  switch (fault.kind) {
    case 'kill':
      return `kill -9 of the ${victimTitles[fault.victim]}`;
    case 'freeze':
      return `${victimTitles[fault.victim]} answers nothing for ${seconds(fault.forMs)}`;
    case 'away':
      return `${victimTitles[fault.victim]} is down for ${seconds(fault.forMs)}`;
    case 'clock': {
      const whose = fault.whose === 'all' ? 'all our clocks are' : `the clock of ${clockOwners[fault.whose]} is`;
      return `${whose} an hour ${fault.byMs > 0 ? 'ahead' : 'behind'} for ${seconds(fault.forMs)}`;
    }
    case 'forge':
      return 'somebody else than Stripe says that it is paid';
    case 'stripe': {
      const when = fault.status === 429 ? '' : ` ${fault.commit} the work is done`;
      return `Stripe answers ${fault.status}${when} to the next ${fault.times} ${fault.method}`;
    }
    case 'webhooks': {
      const how = { drop: 'lost', duplicate: 'sent twice', reorder: 'out of order', delay: 'late' }[fault.how];
      return `webhooks are ${how} for ${seconds(fault.forMs)}`;
    }
    case 'smtp':
      return `SMTP answers ${fault.code} to the next ${fault.times} recipients`;
    case 'cloud':
      return `the cloud's next ${fault.call}: ${fault.how.replaceAll('-', ' ')}`;
  }
}
