import { delivered, type Evidence } from '../evidence.ts';

/** Only workflows of delivered instances are still running at Temporal; none failed or was terminated. */
export function workflowsAreRight(evidence: Evidence): string[] {
  const running = new Set([...delivered(evidence)].map((instanceId) => `instance/${instanceId}`));
  const violations: string[] = [];
  for (const { id, status } of evidence.workflows) {
    if (status === 'RUNNING' ? running.has(id) : ['COMPLETED', 'CONTINUED_AS_NEW', 'CANCELLED'].includes(status))
      continue;
    violations.push(`workflow ${id} is ${status}`);
  }
  for (const id of running) {
    const own = evidence.workflows.filter((workflow) => workflow.id === id && workflow.status === 'RUNNING');
    if (own.length !== 1) violations.push(`workflow ${id} of a delivered instance runs ${own.length} times`);
  }
  return violations;
}
