import { delivered, type Evidence } from '../evidence.ts';

/**
 * Temporal runs only the entities of delivered instances and of their subscriptions, one each; no workflow failed or was
 * terminated.
 */
export function checkWorkflows(evidence: Evidence): string[] {
  const instances = [...delivered(evidence)];
  const running = evidence.workflows.filter(({ status }) => status === 'RUNNING');
  const isEntity = ({ id, instanceId }: Evidence['workflows'][number]) =>
    instances.some((each) => id === `instance/${each}` || (id.startsWith('subscription/') && instanceId === each));
  const violations: string[] = [];
  for (const workflow of evidence.workflows) {
    const { id, status } = workflow;
    if (status === 'RUNNING' ? isEntity(workflow) : ['COMPLETED', 'CONTINUED_AS_NEW', 'CANCELLED'].includes(status))
      continue;
    violations.push(`workflow ${id} is ${status}`);
  }
  for (const instance of instances) {
    const own = running.filter(({ id }) => id === `instance/${instance}`);
    if (own.length !== 1)
      violations.push(`workflow instance/${instance} of a delivered instance runs ${own.length} times`);
    const paying = running.filter(({ id, instanceId }) => id.startsWith('subscription/') && instanceId === instance);
    if (paying.length !== 1)
      violations.push(`${paying.length} subscriptions of the delivered instance ${instance} run`);
  }
  return violations;
}
