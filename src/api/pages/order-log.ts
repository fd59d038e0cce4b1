import type { TimelineEvent } from '../../contracts/events.ts';
import { reasons } from '../../contracts/reasons.ts';
import { stepText } from '../../domain/operations/operation-texts.ts';

export interface LogLine {
  sequence: number;
  at: number;
  severity: 'info' | 'warning' | 'error';
  text: string;
}

/** An event as one line of the log. */
export function logLine(event: TimelineEvent): LogLine {
  const { sequence, at } = event;
  const line = (text: string, severity: LogLine['severity'] = 'info') => ({ sequence, at, severity, text });
  switch (event.type) {
    case 'order':
      return line(`Order: ${words(event.state)}${because(event.reason)}`);
    case 'instance':
      return line(`Server: ${words(event.status)}`);
    case 'operation':
      return line(`Operation ${event.kind}: ${words(event.status)}${because(event.reason)}`);
    case 'step': {
      const attempt = event.attempt > 1 ? `, attempt ${event.attempt}` : '';
      const took = event.tookMs === undefined ? '' : ` after ${(event.tookMs / 1_000).toFixed(1)} s`;
      const progress = event.progress === undefined ? '' : ` ${Math.round(event.progress * 100)} %`;
      const bad = event.status === 'failed' || event.status === 'needs_operator';
      const severity = bad ? 'error' : event.status === 'retrying' ? 'warning' : 'info';
      const text = `${stepText(event.step).title}: ${words(event.status)}${progress}${took}${attempt}${because(event.reason)}`;
      return line(text, severity);
    }
    case 'log':
      return line(event.text, event.severity);
  }
}

function words(status: string): string {
  return status.replaceAll('_', ' ');
}

function because(reason: keyof typeof reasons | undefined): string {
  return reason ? `. ${reasons[reason].customer}` : '';
}
