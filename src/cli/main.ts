#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { TicketState } from '../contracts/api/fleet.ts';
import { MismatchKind } from '../contracts/fleet.ts';
import { operations as declaredOperations } from '../contracts/operations/registry.ts';
import { InstanceStatus, OperationStatus, OrderState } from '../contracts/states.ts';
import { type Decision, StepName } from '../contracts/steps.ts';
import { operations as operationTexts } from '../texts/en/operations.ts';
import { checkClouds, needsAttention } from './check-clouds.ts';
import { createClient, type OperatorClient } from './client.ts';
import { instancesText, instanceText, operationsText, operationText, ordersText, orderText } from './print.ts';
import { cloudsText } from './print-clouds.ts';
import { reconcileText, ticketsText, ticketText } from './print-fleet.ts';
import { reconcile } from './reconcile.ts';
import { outcomeText, requestOperation } from './request-operation.ts';
import { CommandError, exitCodes, readSettings } from './settings.ts';

/** The `freehold` command of operators, which uses only the public API. */

const program = new Command('freehold')
  .description(
    'Shows orders, servers and operations, requests operations, decides about steps that wait, and compares the systems.',
  )
  .option('--json', 'print the documents of the API instead of tables')
  .addHelpText(
    'after',
    `
Reads FREEHOLD_API_URL and FREEHOLD_OPERATOR_TOKEN (or FREEHOLD_OPERATOR_TOKEN_FILE); without them the platform that
was started in this folder.

Exit codes: 0 done, 1 failed, also a cloud that is sold and not ready, 2 wrong usage, 3 not configured, 4 the API does
not answer, 5 the API refused.`,
  )
  .exitOverride();

function client(): OperatorClient {
  return createClient(readSettings(process.env, process.cwd()));
}

/** Prints the JSON document, or a summary of it for people. */
function show<Document>(document: Document, text: (document: Document) => string): void {
  const asJson = program.opts<{ json?: boolean }>().json;
  process.stdout.write(`${asJson ? JSON.stringify(document, null, 2) : text(document)}\n`);
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

const limit = () => new Option('--limit <n>', 'how many of the newest').argParser(positive).default(50);
const oneOf = (flag: string, description: string, values: readonly string[]) =>
  new Option(flag, description).choices(values);

type Filter = Record<string, string | undefined>;
const texts = (options: Record<string, unknown>): Filter =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  );

const orders = program.command('orders').description('what was ordered');
orders
  .command('list')
  .description('orders of all accounts, newest first')
  .addOption(oneOf('--state <state>', 'only in this state', OrderState.options))
  .addOption(limit())
  .action(async (options) => show((await client().orders(texts(options))).items, ordersText));
orders
  .command('show <order>')
  .description('one order with its money')
  .action(async (id: string) => show(await client().order(id), orderText));

const instances = program.command('instances').description('the servers');
instances
  .command('list')
  .description('servers of all accounts, newest first')
  .addOption(oneOf('--status <status>', 'only with this status', InstanceStatus.options))
  .addOption(limit())
  .action(async (options) => show((await client().instances(texts(options))).items, instancesText));
instances
  .command('show <instance>')
  .description('one server')
  .action(async (id: string) => show(await client().instance(id), instanceText));
for (const { kind, requestedBy } of declaredOperations) {
  if (!requestedBy.includes('operator')) continue;
  instances
    .command(`${kind} <instance>`)
    .description(`${operationTexts[kind].request}; shows what came of it`)
    .action(async (id: string) => {
      const result = await requestOperation(client(), id, kind);
      show(result, outcomeText);
      if ('status' in result && result.status !== 'succeeded') process.exitCode = exitCodes.failed;
    });
}

const operations = program.command('operations').description('what changes servers');
operations
  .command('list')
  .description('operations of all accounts, newest first')
  .addOption(oneOf('--status <status>', 'only with this status', OperationStatus.options))
  .option('--waiting', 'only those that wait for an operator')
  .addOption(limit())
  .action(async ({ waiting, ...options }: { waiting?: boolean; status?: string; limit: number }) => {
    const filter = texts({ ...options, ...(waiting ? { status: 'needs_operator' } : {}) });
    show((await client().operations(filter)).items, operationsText);
  });
operations
  .command('show <operation>')
  .description('one operation with its steps, and what operators did to it')
  .action(async (id: string) =>
    show(await client().operation(id), ({ operation, audit }) => operationText(operation, audit)),
  );
program
  .command('reconcile')
  .description('compares orders, Stripe, licences, names, DNS, stacks and clouds; a dry run that touches nothing')
  .option('--repair', 'open tickets and repair what is safe')
  .option('--orphans', 'orphans at the clouds too: adopt what delivered servers lost, remove what no record knows')
  .action(async ({ repair = false, orphans = false }: { repair?: boolean; orphans?: boolean }) =>
    show(await reconcile(client(), { repair, orphans }), reconcileText),
  );

const tickets = program.command('tickets').description('what does not fit between the systems');
tickets
  .command('list')
  .description('tickets, newest first')
  .addOption(oneOf('--state <state>', 'only in this state', TicketState.options))
  .addOption(oneOf('--kind <kind>', 'only of this kind', MismatchKind.options))
  .addOption(limit())
  .action(async (options) => show((await client().tickets(texts(options))).items, ticketsText));
tickets
  .command('show <ticket>')
  .description('one ticket with what it means, what to do, and what was done')
  .action(async (id: string) => show(await client().ticket(id), ({ ticket, audit }) => ticketText(ticket, audit)));
tickets
  .command('close <ticket>')
  .description('leaves a mismatch as it is: no ticket and no repair until it has gone and comes again')
  .requiredOption('--why <text>', 'goes to the audit log')
  .action(async (id: string, { why }: { why: string }) =>
    show(await client().closeTicket(id, { why }), (ticket) => ticketText(ticket)),
  );

program
  .command('clouds')
  .description('the clouds as we are known there')
  .command('check')
  .description('what is configured, which permissions and sizes are missing, what plans cost and earn; only reads')
  .action(async () => {
    const clouds = await checkClouds(client());
    show(clouds, cloudsText);
    if (needsAttention(clouds)) process.exitCode = exitCodes.failed;
  });

decision('retry', 'run the waiting step again');
decision('skip', 'go on without the waiting step, where that is allowed');
decision('abort', 'undo the operation; one that undoes nothing is ended, and the server left as it is');

function decision(action: Decision, description: string): void {
  operations
    .command(`${action} <operation>`)
    .description(description)
    .requiredOption('--why <text>', 'goes to the audit log')
    .addOption(oneOf('--step <step>', 'the step; the waiting one when absent', StepName.options))
    .addOption(new Option('--attempt <n>', 'its attempt; the waiting one when absent').argParser(positive))
    .action(async (id: string, options: { why: string; step?: string; attempt?: number }) => {
      const api = client();
      const target = await targetOf(api, id, options);
      show(await api.decide(id, action, { ...target, why: options.why }), (operation) => operationText(operation));
    });
}

/** The step and attempt of the command; by default the one that is waiting. */
async function targetOf(api: OperatorClient, id: string, options: { step?: string; attempt?: number }) {
  const { step, attempt } = options;
  if (step && attempt) return { step, attempt };
  const { operation } = await api.operation(id);
  // If both branches of an undo are waiting, the first one is taken.
  const waiting = step
    ? operation.steps.find((each) => each.step === step && each.status === 'needs_operator')
    : operation.waiting;
  if (!waiting) {
    throw new CommandError(`No${step ? ` step ${step}` : ' step'} of ${id} waits for an operator.`, exitCodes.refused);
  }
  return { step: waiting.step, attempt: attempt ?? waiting.attempt };
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has already printed its message.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(`Something went wrong: ${(error as Error).message}\n`);
    process.exitCode = exitCodes.failed;
  }
}
