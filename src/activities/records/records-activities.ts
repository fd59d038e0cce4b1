import { beginUndo, endOrder, startCancelling } from './end-order.ts';
import { holdHostname, releaseHostname } from './hold-hostname.ts';
import { markReady } from './mark-ready.ts';
import { noteDecision, noteNeedsOperator, noteOperation } from './note-operation.ts';
import type { MarkReadyPorts, RecordsPorts } from './ports.ts';
import { endBroken, openOperation, reportDrift } from './report-drift.ts';

export function createRecordsActivities(ports: RecordsPorts & MarkReadyPorts) {
  return {
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
