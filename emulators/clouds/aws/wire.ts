import express, { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import type { Double } from '../double.ts';
import { DoubleRefusal } from '../refusal.ts';
import type { DoubleObject } from '../rule-table.ts';
import { type Call, queryCalls } from './query-calls.ts';
import { text } from './rules.ts';
import { accessKeyId } from './table.ts';
import { types } from './types.ts';
import { elementIn, type Xml, xmlOf } from './xml.ts';

/**
 * The interfaces of AWS themselves, for the few calls that the product makes by the official clients: EC2, IAM and load
 * balancing (query), tagging (JSON 1.1), Route 53 (REST and XML), data lifecycle (REST and JSON). Service, region and
 * access key come from the signature's scope; the signature itself is not verified.
 */

const namespaces: Readonly<Record<string, string>> = {
  ec2: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  elasticloadbalancing: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
};
const requestId = '00000000-0000-4000-8000-000000000000';

/** `Credential=<key>/<date>/<region>/<service>/aws4_request` of a signed request. */
function scopeOf(request: Request): { key: string; region: string; service: string } {
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/.exec(request.headers.authorization ?? '');
  const [, key = '', region = '', service = ''] = scope ?? [];
  return { key, region, service };
}

export function createAwsWire(double: Double): Router {
  const wire = Router();
  wire.use(express.text({ type: () => true, limit: '256kb' }));

  wire.use((request, _response, next) => {
    if (scopeOf(request).key !== accessKeyId) {
      throw new DoubleRefusal(
        'invalid',
        'InvalidClientTokenId: The security token included in the request is invalid.',
      );
    }
    next();
  });

  wire.post('/', async (request, response) => {
    const target = String(request.headers['x-amz-target'] ?? '');
    if (target.endsWith('.GetResources')) return void response.json(await getResources(request));
    const form = new URLSearchParams(String(request.body));
    const { service, region } = scopeOf(request);
    const call: Call = { double, region, form };
    const action = form.get('Action') ?? '';
    const work = queryCalls[service]?.[action];
    if (!work) throw new DoubleRefusal('invalid', `InvalidAction: the double does not know ${service}:${action}`);
    const result = await work(call);
    if (call.ending === 'lose-reply') return void response.socket?.destroy();
    const body: Xml =
      service === 'ec2'
        ? { requestId, ...result }
        : { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } };
    sendXml(response, 200, `<${action}Response xmlns="${namespaces[service]}">${xmlOf(body)}</${action}Response>`);
  });

  /** Resource Groups Tagging API: objects with the given tags in a region, by ARN. */
  async function getResources(request: Request): Promise<object> {
    const { region } = scopeOf(request);
    const { TagFilters = [] } = JSON.parse(String(request.body)) as {
      TagFilters?: { Key: string; Values?: string[] }[];
    };
    const { tagsOf } = double.table;
    const fits = (object: DoubleObject) =>
      TagFilters.every(({ Key, Values = [] }) => {
        const value = tagsOf(object)[Key];
        return value !== undefined && (Values.length === 0 || Values.includes(value));
      });
    // This API does not cover the tags of roles and profiles.
    const isShown = ({ type, region: place, computed }: DoubleObject) =>
      place === region && computed.arn !== undefined && !type.startsWith('aws:iam/');
    const found = (await double.list()).filter((object) => isShown(object) && fits(object));
    const ResourceTagMappingList = found.map((object) => ({
      ResourceARN: object.computed.arn,
      Tags: Object.entries(tagsOf(object)).map(([Key, Value]) => ({ Key, Value })),
    }));
    return { PaginationToken: '', ResourceTagMappingList };
  }

  wire.delete('/policies/:id', async (request, response) => {
    await double.remove(types.snapshots, String(request.params.id), 'wire');
    response.json({});
  });

  const hostedZone = '/2013-04-01/hostedzone/:zone/rrset';
  wire.get(hostedZone, (request, response) => {
    const records = double.area.world
      .list(types.record)
      .filter(({ inputs }) => inputs.zoneId === request.params.zone)
      .map(({ inputs }) => ({
        Name: `${text(inputs.name)}.`,
        Type: text(inputs.type),
        TTL: text(inputs.ttl),
        ResourceRecords: {
          ResourceRecord: (inputs.records as string[]).map((Value) => ({ Value: quoted(inputs, Value) })),
        },
      }))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const { name, type } = request.query;
    const start =
      name === undefined ? 0 : records.findIndex((each) => each.Name === withDot(name) && each.Type === type);
    const body = { ResourceRecordSets: { ResourceRecordSet: start < 0 ? [] : records.slice(start) } };
    const rest = { IsTruncated: false, MaxItems: 300 };
    sendXml(response, 200, xmlOf({ ListResourceRecordSetsResponse: { ...body, ...rest } }));
  });
  wire.post([hostedZone, `${hostedZone}/`], async (request, response) => {
    const change = String(request.body);
    const name = elementIn(change, 'Name').replace(/\.$/, '');
    const id = `${request.params.zone}_${name}_${elementIn(change, 'Type')}`;
    if (elementIn(change, 'Action') !== 'DELETE')
      throw new DoubleRefusal('invalid', 'InvalidInput: only DELETE is known');
    if (!double.area.world.find(types.record, id)) {
      throw new DoubleRefusal('not_found', `InvalidChangeBatch: Tried to delete ${name} but it was not found`);
    }
    await double.remove(types.record, id, 'wire');
    const ChangeInfo = { Id: '/change/C1', Status: 'INSYNC', SubmittedAt: '2026-01-01T00:00:00Z' };
    sendXml(response, 200, xmlOf({ ChangeResourceRecordSetsResponse: { ChangeInfo } }));
  });

  const refuse: ErrorRequestHandler = (error, request, response, next) => {
    if (!(error instanceof DoubleRefusal)) return next(error);
    const code =
      /api error ([\w.]+):/.exec(error.message)?.[1] ?? /^([\w.]+):/.exec(error.message)?.[1] ?? 'InternalError';
    const status = error.code === 'not_found' ? 404 : 400;
    const { service } = scopeOf(request);
    if (service === 'tagging' || service === 'dlm') {
      response.status(status).set('x-amzn-errortype', code).json({ __type: code, message: error.message });
    } else if (service === 'ec2') {
      const problem = { Errors: { Error: { Code: code, Message: error.message } }, RequestID: requestId };
      sendXml(response, 400, xmlOf({ Response: problem }));
    } else {
      const problem = { Error: { Type: 'Sender', Code: code, Message: error.message }, RequestId: requestId };
      sendXml(response, status, xmlOf({ ErrorResponse: problem }));
    }
  };
  wire.use(refuse);
  return wire;
}

const withDot = (name: unknown) => `${String(name).replace(/\.$/, '')}.`;
/** Route 53 keeps the quotes of text records, which the provider removes. */
const quoted = (inputs: DoubleObject['inputs'], value: string) => (inputs.type === 'TXT' ? `"${value}"` : value);

function sendXml(response: Response, status: number, text: string): void {
  response.status(status).type('text/xml').send(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}
