import type { TimelineEvent } from '../../contracts/events.ts';
import type { reasons } from '../../contracts/reasons.ts';
import { operationText, stepText } from '../../domain/operations/operation-texts.ts';
import { textsOf } from '../../texts/texts.ts';

const texts = textsOf('en');
const { log, server, status: stepStatuses } = texts.livePage;

export interface LogLine {
  sequence: number;
  at: string;
  severity: 'info' | 'warning' | 'error';
  text: string;
}

/** An event as one line of the log, in the words of the texts: no code of a state, of a reason or of an operation. */
export function logLine(event: TimelineEvent): LogLine {
  const { sequence, at } = event;
  const line = (text: string, severity: LogLine['severity'] = 'info') => ({ sequence, at, severity, text });
  switch (event.type) {
    case 'order':
      return line(log.order({ state: log.orderStates[event.state] }) + because(event.reason));
    case 'instance':
      return line(log.instance({ status: log.serverStatuses[event.status] }));
    case 'operation': {
      const { title } = operationText(event.kind);
      return line(log.operation({ title, status: server[event.status] }) + because(event.reason));
    }
    case 'step': {
      const attempt = event.attempt > 1 ? log.attempt({ attempt: event.attempt }) : '';
      const took = event.tookMs === undefined ? '' : log.took({ seconds: (event.tookMs / 1_000).toFixed(1) });
      const progress = event.progress === undefined ? '' : log.percent({ percent: Math.round(event.progress * 100) });
      const bad = event.status === 'failed' || event.status === 'needs_operator';
      const severity = bad ? 'error' : event.status === 'retrying' ? 'warning' : 'info';
      const text = log.step({ step: stepText(event.step).title, status: stepStatuses[event.status] });
      return line(text + progress + took + attempt + because(event.reason), severity);
    }
    case 'log':
      return line(event.text, event.severity);
  }
}

function because(reason: keyof typeof reasons | undefined): string {
  return reason ? log.because({ sentence: texts.reasons[reason].customer }) : '';
}
