import { askDriftChecks, followDriftChecks } from './ask-drift-checks.ts';
import { beginPass, closeTickets, noteMismatches, noteRepaired, noteSnapshotRound } from './note-tickets.ts';
import type { FleetPorts } from './ports.ts';
import { readLicenceList, readLicences } from './read-licences.ts';
import { readHolds, readNames } from './read-names.ts';
import { readDispositions, readOrders } from './read-orders.ts';
import { readPayments, readSubscriptions } from './read-payments.ts';
import { permitRepair, releaseHold, revokeLeftLicence } from './repair.ts';

/** The reconcile activities of a control worker. */
export function createFleetActivities(ports: FleetPorts) {
  return {
    beginPass: beginPass(ports),
    readOrders: readOrders(ports),
    readDispositions: readDispositions(ports),
    readPayments: readPayments(ports),
    readSubscriptions: readSubscriptions(ports),
    readLicences: readLicences(ports),
    readLicenceList: readLicenceList(ports),
    readNames: readNames(ports),
    readHolds: readHolds(ports),
    noteMismatches: noteMismatches(ports),
    noteRepaired: noteRepaired(ports),
    closeTickets: closeTickets(ports),
    noteSnapshotRound: noteSnapshotRound(ports),
    permitRepair: permitRepair(ports),
    releaseHold: releaseHold(ports),
    revokeLeftLicence: revokeLeftLicence(ports),
    askDriftChecks: askDriftChecks(ports),
    followDriftChecks: followDriftChecks(ports),
  };
}
