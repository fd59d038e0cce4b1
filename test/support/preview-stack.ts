import { secret } from '@pulumi/pulumi';
import { StackRequest } from '../../src/contracts/stack.ts';
import { cloudStacks } from '../../src/stacks/clouds.ts';
import { declareUnderPolicy } from '../../src/stacks/policy/enforce.ts';
import { machinesOf } from '../../src/stacks/private-server.ts';
import { openEngine } from '../../src/stacks/runner/engine.ts';
import { createStack } from '../../src/stacks/runner/engine-lock.ts';
import { takeSettings } from '../../src/stacks/runner/settings.ts';

/**
 * Previews an up: the request is an argument, the output says how many resources the engine would create, change and
 * keep. The user data is a placeholder, because the programs ignore changes of it after the first boot.
 */
const { spec, stack } = StackRequest.parse(JSON.parse(process.argv[2] ?? ''));
const { settings, secrets } = takeSettings(process.env);
const engine = await openEngine(settings);
const cloud = await cloudStacks(spec.cloud);
await engine.useCloud(cloud);
await createStack(engine, stack);
const userData = Object.fromEntries(machinesOf(spec).map(({ key }) => [key, secret('')]));
const args = { spec, userData, protect: true, findImages: true, env: process.env };
const previewed = await engine.stack(stack, () => declareUnderPolicy(() => cloud.declare(args), { spec, secrets }));
const { changeSummary } = await previewed.preview({ onOutput: (text) => process.stderr.write(text) });
await engine.close();
process.stdout.write(JSON.stringify(changeSummary), () => process.exit(0));
