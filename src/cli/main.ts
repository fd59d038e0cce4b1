#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { TicketState } from '../contracts/api/fleet.ts';
import { IncidentState } from '../contracts/api/incidents.ts';
import type { OperatorOperation } from '../contracts/api/operator.ts';
import { MismatchKind } from '../contracts/fleet.ts';
import { Severity } from '../contracts/incidents.ts';
import { operations as declaredOperations } from '../contracts/operations/registry.ts';
import { InstanceStatus, OperationStatus, OrderState, operationHasEnded } from '../contracts/states.ts';
import { type Decision, StepName } from '../contracts/steps.ts';
import { version } from '../runtime/version.ts';
import { operations as operationTexts } from '../texts/en/operations.ts';
import { textsOf } from '../texts/texts.ts';
import { checkClouds, needsAttention } from './check-clouds.ts';
import { createClient, type OperatorClient } from './client.ts';
import { followOperation } from './follow-operation.ts';
import { askAbout } from './ids.ts';
import {
  instancesText,
  instanceText,
  operationsText,
  operationText,
  orderDetailsText,
  ordersText,
  orderText,
} from './print.ts';
import { cloudsText } from './print-clouds.ts';
import { reconcileText, ticketsText, ticketText } from './print-fleet.ts';
import { accountText, foundText, statusText } from './print-found.ts';
import { incidentsText, incidentText } from './print-incidents.ts';
import { reconcile } from './reconcile.ts';
import { outcomeText, requestOperation } from './request-operation.ts';
import { CommandError, exitCodes, readSettings } from './settings.ts';

const { cli: cliTexts } = textsOf('en');

interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** The `freehold` command of operators, which uses only the public API. */

const program = new Command('freehold')
  .description(
    'Shows orders, servers and operations, requests operations, decides about steps that wait, and compares the systems.',
  )
  .option('--json', 'print the documents of the API instead of tables, also of what went wrong')
  .option('--operator <name>', 'who you are, for the audit log; else FREEHOLD_OPERATOR, or the user of this machine')
  .version(version, '--version', 'print the version')
  .addHelpText(
    'after',
    `
Reads FREEHOLD_API_URL and FREEHOLD_OPERATOR_TOKEN (or
FREEHOLD_OPERATOR_TOKEN_FILE); without them the platform that was started in
this folder.

Exit codes:
  0  done
  1  failed, also a cloud that is sold and not ready, or nothing found
  2  wrong usage
  3  not configured
  4  the API does not answer
  5  the API refused`,
  )
  .configureOutput({ writeErr: (text) => (asJson() ? undefined : process.stderr.write(text)) })
  .exitOverride();

function client(): OperatorClient {
  return createClient(readSettings(process.env, process.cwd(), program.opts<{ operator?: string }>().operator));
}

/** Whether documents are printed; known also where the command line cannot be parsed. */
function asJson(): boolean {
  return process.argv.includes('--json');
}

/** Reports progress to people; it is not part of the output. */
function report(line: string): void {
  if (!asJson()) process.stderr.write(`${line}\n`);
}

/** Prints the JSON document, or a summary of it for people. */
function show<Document>(document: Document, text: (document: Document) => string): void {
  process.stdout.write(`${asJson() ? JSON.stringify(document, null, 2) : text(document)}\n`);
}

/** Prints a page of a list, and how to get the following one. */
function showPage<Item>({ items, next }: Page<Item>, text: (items: readonly Item[]) => string): void {
  show(items, text);
  if (next) report(cliTexts.following({ next }));
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

const limit = () => new Option('--limit <n>', 'how many, at most 200').argParser(positive).default(50);
const before = () => new Option('--before <id>', 'only older ones than this: the next page');
const oneOf = (flag: string, description: string, values: readonly string[]) =>
  new Option(flag, description).choices(values);

type Filter = Record<string, string | undefined>;
const texts = (options: Record<string, unknown>): Filter =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  );

const orders = program.command('orders').description('orders');
program
  .command('status')
  .description('the platform at a glance: what waits for you, what is open, what is unreachable')
  .action(async () => {
    const status = await client().status();
    show(status, statusText);
    if (status.status !== 'ok') process.exitCode = exitCodes.failed;
  });
program
  .command('find <text>')
  .description('by hostname, e-mail address, licence, or an id of ours or of Stripe; with everything about it')
  .action(async (text: string) => {
    const found = await client().find(text);
    show(found, (each) => foundText(each, text));
    if (Object.values(found).every((each) => each.length === 0)) process.exitCode = exitCodes.failed;
  });
program
  .command('accounts')
  .description('the customers')
  .command('show <account>')
  .description('one account with its members, and what they changed')
  .action(async (id: string) => {
    const api = client();
    show(await askAbout('account', id, api.account), accountText);
  });

orders
  .command('list')
  .description('orders of all accounts, newest first')
  .addOption(oneOf('--state <state>', 'only in this state', OrderState.options))
  .addOption(limit())
  .addOption(before())
  .action(async (options) => showPage(await client().orders(texts(options)), ordersText));
orders
  .command('show <order>')
  .description('one order with its money, its mails, and the decisions of operators')
  .action(async (id: string) => show(await askAbout('order', id, client().order), orderDetailsText));
orders
  .command('cancel <order>')
  .description('ends it before its server is ready: removes what was built, refunds what was paid')
  .requiredOption('--why <text>', 'goes to the audit log')
  .action(async (id: string, { why }: { why: string }) => {
    const api = client();
    show(await askAbout('order', id, () => api.cancelOrder(id, { why })), orderText);
  });

orders
  .command('correct-address <order>')
  .description('replaces a wrong e-mail address of payer and administrator, and sends the mails again')
  .requiredOption('--from <address>', 'the wrong address, as the order has it')
  .requiredOption('--to <address>', 'the right one')
  .requiredOption('--why <text>', 'goes to the audit log')
  .action(async (id: string, correction: { from: string; to: string; why: string }) => {
    const api = client();
    show(await askAbout('order', id, () => api.correctAddress(id, correction)), orderDetailsText);
    report(cliTexts.addressCorrected({ id }));
  });

const instances = program.command('instances').description('the servers');
instances
  .command('list')
  .description('servers of all accounts, newest first')
  .addOption(oneOf('--status <status>', 'only with this status', InstanceStatus.options))
  .addOption(limit())
  .addOption(before())
  .action(async (options) => showPage(await client().instances(texts(options)), instancesText));
instances
  .command('show <instance>')
  .description('one server')
  .action(async (id: string) => show(await askAbout('instance', id, client().instance), instanceText));
for (const { kind, requestedBy } of declaredOperations) {
  if (!requestedBy.includes('operator')) continue;
  instances
    .command(`${kind} <instance>`)
    .description(`${operationTexts[kind].request}; shows what came of it`)
    .action(async (id: string) => {
      const api = client();
      const result = await askAbout('instance', id, (instanceId) =>
        requestOperation(api, { instanceId, kind, report }),
      );
      show(result, outcomeText);
      if ('status' in result && result.status !== 'succeeded') process.exitCode = exitCodes.failed;
    });
}

const operations = program.command('operations').description('operations on servers');
operations
  .command('list')
  .description('operations of all accounts, newest first')
  .addOption(oneOf('--status <status>', 'only with this status', OperationStatus.options))
  .option('--waiting', 'only those that wait for an operator')
  .addOption(limit())
  .addOption(before())
  .action(async ({ waiting, ...options }: { waiting?: boolean; status?: string; limit: number; before?: string }) => {
    const filter = texts({ ...options, ...(waiting ? { status: 'needs_operator' } : {}) });
    showPage(await client().operations(filter), operationsText);
  });
operations
  .command('show <operation>')
  .description('one operation with its steps, and the decisions of operators')
  .action(async (id: string) =>
    show(await askAbout('operation', id, client().operation), ({ operation, audit }) =>
      operationText(operation, audit),
    ),
  );
program
  .command('reconcile')
  .description('compares orders, Stripe, licences, names, DNS, stacks and clouds; changes nothing without --repair')
  .option('--repair', 'open tickets and repair what is safe')
  .option('--orphans', 'orphans at the clouds too: import what stacks lack, delete what has no record')
  .action(async ({ repair = false, orphans = false }: { repair?: boolean; orphans?: boolean }) =>
    show(await reconcile(client(), { repair, orphans }), reconcileText),
  );

const incidents = program.command('incidents').description('incidents that need a person');
incidents
  .command('list')
  .description('incidents, newest first')
  .addOption(oneOf('--state <state>', 'only in this state', IncidentState.options))
  .addOption(oneOf('--severity <severity>', 'only of this severity', Severity.options))
  .addOption(limit())
  .addOption(before())
  .action(async (options) => showPage(await client().incidents(texts(options)), incidentsText));
incidents
  .command('show <incident>')
  .description('one incident: its cause, what can be decided, where to look')
  .action(async (id: string) => show(await askAbout('incident', id, client().incident), incidentText));

const tickets = program.command('tickets').description('mismatches between the systems');
tickets
  .command('list')
  .description('tickets, newest first')
  .addOption(oneOf('--state <state>', 'only in this state', TicketState.options))
  .addOption(oneOf('--kind <kind>', 'only of this kind', MismatchKind.options))
  .addOption(limit())
  .addOption(before())
  .action(async (options) => showPage(await client().tickets(texts(options)), ticketsText));
tickets
  .command('show <ticket>')
  .description('one ticket with what it means, what to do, and what was done')
  .action(async (id: string) =>
    show(await askAbout('ticket', id, client().ticket), ({ ticket, audit }) => ticketText(ticket, audit)),
  );
tickets
  .command('close <ticket>')
  .description('closes a ticket; it opens again once the mismatch has disappeared and come back')
  .requiredOption('--why <text>', 'goes to the audit log')
  .action(async (id: string, { why }: { why: string }) =>
    show(await askAbout('ticket', id, () => client().closeTicket(id, { why })), (ticket) => ticketText(ticket)),
  );

program
  .command('clouds')
  .description('configuration, permissions and cost of the clouds')
  .command('check')
  .description('what is configured, which permissions and sizes are missing, what plans cost and earn; only reads')
  .action(async () => {
    const clouds = await checkClouds(client());
    show(clouds, cloudsText);
    if (needsAttention(clouds)) process.exitCode = exitCodes.failed;
  });

decision('retry', 'run the waiting step again');
decision('skip', 'continue without the waiting step, where that is allowed');
decision('abort', 'undo the operation; one that undoes nothing is ended, and the server left as it is');

function decision(action: Decision, description: string): void {
  operations
    .command(`${action} <operation>`)
    .description(description)
    .requiredOption('--why <text>', 'goes to the audit log')
    .addOption(oneOf('--step <step>', 'the step; the waiting one when absent', StepName.options))
    .addOption(new Option('--attempt <n>', 'its attempt; the waiting one when absent').argParser(positive))
    .option('--no-follow', 'end once it is accepted')
    .action(async (id: string, { why, follow, ...options }: DecisionOptions) => {
      const api = client();
      const { operation: before } = await askAbout('operation', id, api.operation);
      const decided = targetOf(before, options);
      const accepted = await askAbout('operation', id, () => api.decide(id, action, { ...decided, why }));
      report(acceptedText(action, decided));
      if (!follow) {
        if (asJson()) show(accepted, operationText);
        return;
      }
      const operation = await followOperation(api, before, { decided, report });
      show(operation, (each) => operationText(each));
      const isDone = action === 'abort' ? operationHasEnded(operation.status) : operation.status === 'succeeded';
      if (!isDone) process.exitCode = exitCodes.failed;
    });
}

function acceptedText(action: Decision, { step, attempt }: { step: string; attempt: number }): string {
  const { retry, skip, abort } = cliTexts.decided;
  if (action === 'retry') return retry({ step, next: attempt + 1 });
  return (action === 'skip' ? skip : abort)({ step });
}

interface DecisionOptions {
  why: string;
  step?: string;
  attempt?: number;
  follow: boolean;
}

/** The step and attempt of the command; by default the one that is waiting. */
function targetOf({ id, steps, waiting: first }: OperatorOperation, options: { step?: string; attempt?: number }) {
  const { step, attempt } = options;
  if (step && attempt) return { step, attempt };
  // If both branches of an undo are waiting, the first one is taken.
  const waiting = step ? steps.find((each) => each.step === step && each.status === 'needs_operator') : first;
  if (!waiting) {
    throw new CommandError(`No${step ? ` step ${step}` : ' step'} of ${id} waits for an operator.`, exitCodes.refused);
  }
  return { step: waiting.step, attempt: attempt ?? waiting.attempt };
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    // Commander has already told people.
    if (error.exitCode !== 0 && asJson()) fail(new CommandError(error.message, exitCodes.usage));
  } else if (error instanceof CommandError) {
    fail(error);
  } else {
    fail(new CommandError(`Something went wrong: ${(error as Error).message}`, exitCodes.failed));
  }
}

/** Says what went wrong: one sentence for people, or a document with the API's code where it gave one. */
function fail({ message, exitCode, reason }: CommandError): void {
  process.exitCode = exitCode;
  if (asJson()) process.stdout.write(`${JSON.stringify({ error: { message, code: reason, exitCode } }, null, 2)}\n`);
  else process.stderr.write(`${message}\n`);
}
