import {
  ActivityFailure,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { DriftReport, ScanDriftInput } from '../../contracts/drift.ts';
import { describeScan } from '../../domain/fleet/describe-scan.ts';
import { driftFollow, fleetActivities } from '../lib/fleet-activities.ts';
import { causeOf } from '../lib/reason-of.ts';

/** Maximum number of drifted servers that a report names; each has an operation with the details. */
const longestReport = 500;

/**
 * Requests a drift check from the entity of every delivered server, a few at a time: the next ones are requested when
 * these are done, so that no customer waits behind a queue of checks. A busy server is left to the next scan.
 */
export async function scanDrift({ soFar }: ScanDriftInput): Promise<DriftReport> {
  const report: DriftReport = soFar?.report ?? { checked: 0, skipped: 0, drifted: [] };
  const startedAt = soFar?.startedAt ?? Date.now();
  for (let cursor: string | null = soFar?.cursor ?? ''; cursor !== null; ) {
    setCurrentDetails(describeScan(report, { isOver: false }));
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof scanDrift>({ soFar: { startedAt, cursor, report } });
    }
    const page: Awaited<ReturnType<ReturnType<typeof fleetActivities>['askDriftChecks']>> =
      await fleetActivities().askDriftChecks({
        startedAt,
        after: cursor,
      });
    report.skipped += page.skipped;
    await follow(page.asked);
    cursor = page.next;
  }
  setCurrentDetails(describeScan(report, { isOver: true }));
  return report;

  /**
   * Waits until these checks have ended; one that cannot be followed is skipped, because one scan never stops
   * another's.
   */
  async function follow(requested: DriftReport['drifted']): Promise<void> {
    if (requested.length === 0) return;
    try {
      const { checked, drifted, left } = await driftFollow().followDriftChecks(requested);
      report.checked += checked;
      report.skipped += left;
      report.drifted.push(...drifted.slice(0, longestReport - report.drifted.length));
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      log.warn('checks of drift were not followed', { ...causeOf(error, 'internal') });
      report.skipped += requested.length;
    }
  }
}
