import type { OperationTimes } from '../../contracts/operations/registry.ts';
import { beginUndo, endOrder, startCancelling } from './end-order.ts';
import { holdHostname, releaseHostname } from './hold-hostname.ts';
import { latestAttempts } from './latest-attempts.ts';
import { loadTimes } from './load-times.ts';
import { markReady } from './mark-ready.ts';
import { noteDecision, noteNeedsOperator, noteOperation } from './note-operation.ts';
import { endBroken, openOperation } from './open-operation.ts';
import type { MarkReadyPorts, WaitPorts } from './ports.ts';
import { reportDrift } from './report-drift.ts';

export function createRecordsActivities({ times, ...ports }: WaitPorts & MarkReadyPorts & { times: OperationTimes }) {
  return {
    loadTimes: loadTimes(times),
    latestAttempts: latestAttempts(ports),
    holdHostname: holdHostname(ports),
    releaseHostname: releaseHostname(ports),
    markReady: markReady(ports),
    startCancelling: startCancelling(ports),
    beginUndo: beginUndo(ports),
    endOrder: endOrder(ports),
    noteOperation: noteOperation(ports),
    noteNeedsOperator: noteNeedsOperator(ports),
    noteDecision: noteDecision(ports),
    openOperation: openOperation(ports),
    reportDrift: reportDrift(ports),
    endBroken: endBroken(ports),
  };
}
