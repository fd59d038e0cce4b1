import type { InstanceStatus, OperationStatus, StepStatus } from '../../contracts/states.ts';
import type { InstanceFacts } from '../../contracts/workflow-messages.ts';

/** Parts that the descriptions of instances and of their operations share. */

/** Plan, cloud and ids of an instance in one line. */
export function describeFacts(facts: InstanceFacts): string {
  const ids = `instance \`${facts.instanceId}\`, order \`${facts.orderId}\`, account \`${facts.accountId}\``;
  return `${facts.plan} on ${facts.cloud} ${facts.region}, ${ids}`;
}

/** The command by which an operator sends an Update to the entity. */
export function updateCall({ instanceId }: Pick<InstanceFacts, 'instanceId'>, name: string, input: object): string {
  const target = `--workflow-id instance/${instanceId} --name ${name}`;
  return `\`temporal workflow update execute ${target} --input '${JSON.stringify(input)}'\``;
}

/** A status as words. */
export function statusWords(status: InstanceStatus | OperationStatus | StepStatus): string {
  return status.replaceAll('_', ' ');
}
