import { delivered, type Evidence } from '../evidence.ts';

/** The platform has only its own processes, the hosts of delivered instances, and at most one idle runner. */
export function processesAreRight(evidence: Evidence): string[] {
  const owners = delivered(evidence);
  const hosts = new Set(
    evidence.cloud
      .filter(({ instanceId, pid }) => pid !== null && instanceId !== null && owners.has(instanceId))
      .map(({ pid }) => pid),
  );
  const violations: string[] = [];
  for (const { pid, role, command } of evidence.processes) {
    if (role === 'supervised' || role === 'idle-runner' || (role === 'host' && hosts.has(pid))) continue;
    violations.push(`process ${pid} is nobody's (${role}): ${command.slice(0, 160)}`);
  }
  const waiting = evidence.processes.filter(({ role }) => role === 'idle-runner');
  if (waiting.length > 1) violations.push(`${waiting.length} runners wait for work, one may`);
  return violations;
}
