import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import { type CheckCloudsInput, type CloudReport, emptyReport } from '../../contracts/clouds.ts';
import { cloudCheckActivities } from '../lib/fleet-activities.ts';
import { causeOf } from '../lib/reason-of.ts';

/** Checks every cloud from the provision worker that serves it, concurrently. */
export async function checkClouds({ clouds }: CheckCloudsInput): Promise<CloudReport[]> {
  return Promise.all(
    clouds.map(async (cloud) => {
      try {
        return await cloudCheckActivities(cloud).checkCloud(cloud);
      } catch (error) {
        if (nobodyTookIt(error)) return emptyReport(cloud, 'unserved', null);
        return emptyReport(cloud, 'refused', causeOf(error, 'cloud_unavailable'));
      }
    }),
  );
}

function nobodyTookIt(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
}
