import { z } from 'zod';
import { instanceWorkflowId, operationWorkflowId } from '../../../src/contracts/workflow-messages.ts';
import type { Purchase } from './purchase.ts';
import type { World } from './world.ts';

const Payload = z.object({ data: z.string() });
const Described = z.object({
  workflowExecutionInfo: z.object({
    execution: z.object({ runId: z.string() }),
    searchAttributes: z.object({ indexedFields: z.record(z.string(), Payload) }),
  }),
});
const Answered = z.object({ queryResult: z.object({ payloads: z.tuple([Payload]) }) });
const Metadata = z.object({ currentDetails: z.string() });
const Updated = z.object({
  outcome: z.union([
    z.object({ success: z.object({ payloads: z.array(Payload) }) }),
    z.object({ failure: z.object({ applicationFailureInfo: z.object({ type: z.string() }) }) }),
  ]),
});

const encode = (text: string) => Buffer.from(text).toString('base64');
const decode = ({ data }: z.infer<typeof Payload>): unknown => JSON.parse(Buffer.from(data, 'base64').toString());

/**
 * The Temporal UI without its pages: the requests that its script sends from the browser to the UI's server, with the
 * page's CSRF token.
 */
export function openTemporalUi({ platform }: World) {
  const base = `${platform.urls.temporalUi}/api/v1/namespaces/default/workflows`;

  async function send<T>(schema: z.ZodType<T>, path: string, body?: object): Promise<T> {
    const page = await fetch(platform.urls.temporalUi);
    await page.body?.cancel();
    const csrf = /_csrf=([^;]+)/.exec(page.headers.get('set-cookie') ?? '')?.[1] ?? '';
    const answer = await fetch(`${base}/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json', cookie: `_csrf=${csrf}`, 'x-csrf-token': csrf },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return schema.parse(await answer.json());
  }

  return {
    /** What the page of an order's operation shows: its search attributes, and its current details as Markdown. */
    async operation({ order }: Purchase): Promise<{ attributes: Record<string, unknown>; details: string }> {
      const id = encodeURIComponent(operationWorkflowId(order.instanceId, order.operationId));
      const { execution, searchAttributes } = (await send(Described, id)).workflowExecutionInfo;
      const queryType = '__temporal_workflow_metadata';
      const { queryResult } = await send(Answered, `${id}/query/${queryType}`, {
        execution: { runId: execution.runId },
        query: { queryType },
      });
      return {
        attributes: Object.fromEntries(
          Object.entries(searchAttributes.indexedFields).map(([name, value]) => [name, decode(value)]),
        ),
        details: Metadata.parse(decode(queryResult.payloads[0])).currentDetails,
      };
    },
    /** "Send an Update" to the instance of an order: `accepted`, or the failure type of the refusal. */
    async update({ order }: Purchase, name: string, input: object): Promise<string> {
      const id = encodeURIComponent(instanceWorkflowId(order.instanceId));
      const { runId } = (await send(Described, id)).workflowExecutionInfo.execution;
      const payload = { metadata: { encoding: encode('json/plain') }, data: encode(JSON.stringify(input)) };
      const { outcome } = await send(Updated, `${id}/update/${name}`, {
        workflowExecution: { runId },
        request: { meta: { updateId: '' }, input: { args: { payloads: [payload] } } },
      });
      return 'success' in outcome ? 'accepted' : outcome.failure.applicationFailureInfo.type;
    },
  };
}
