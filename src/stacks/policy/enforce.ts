import { type ResourceOptions, type ResourceTransformationArgs, runtime } from '@pulumi/pulumi';
import { ReasonError } from '../../contracts/reasons.ts';
import { reveal } from './declared.ts';
import { type PolicyContext, type Violation, violationsOf } from './rules.ts';

const longestDetail = 1_500;

/**
 * Declares a stack inside a running program and returns the result of `declare`. No resource reaches the engine before
 * all of them are declared and meet every policy: until then each waits for the verdict as if it depended on it. Throws
 * `policy_violated`, and then nothing was created.
 */
export async function declareUnderPolicy<T>(declare: () => T, context: PolicyContext): Promise<T> {
  const verdict = Promise.withResolvers<void>();
  const declared: ResourceTransformationArgs[] = [];
  runtime.registerStackTransformation((resource) => {
    declared.push(resource);
    const { dependsOn } = resource.opts;
    const waiting = verdict.promise.then(() => dependsOn ?? []) as ResourceOptions['dependsOn'];
    return { props: resource.props, opts: { ...resource.opts, dependsOn: waiting } };
  });
  // Without resources nothing awaits the verdict.
  verdict.promise.catch(() => undefined);
  try {
    const stack = declare();
    const violations = violationsOf(await reveal(declared), context);
    if (violations.length > 0) throw new ReasonError('policy_violated', sentenceOf(violations));
    verdict.resolve();
    return stack;
  } catch (error) {
    // The engine waits for every declared resource, so each has to fail.
    verdict.reject(error);
    throw error;
  }
}

function sentenceOf(violations: readonly Violation[]): string {
  const lines = violations.map(({ rule, resource, detail }) => `${rule}: ${resource}: ${detail}`);
  return lines.join('\n').slice(0, longestDetail);
}
