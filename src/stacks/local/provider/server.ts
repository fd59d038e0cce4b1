import grpc from '@grpc/grpc-js';
import plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import services from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { type CloudClient, CloudError, createCloudClient } from '../cloud-client.ts';
import { fromStruct, type Properties, toStruct, unwrap } from './properties.ts';
import { type ResourceKind, resourceKinds } from './resources.ts';

/**
 * The engine's resource provider protocol (pulumi/pulumi, proto/pulumi/provider.proto) over the small cloud. Served
 * directly instead of by the SDK's provider class, which hides the former inputs, cannot tell an update from a
 * replacement by property, and takes three times as long to load.
 */

type Unary<Request, Answer> = grpc.handleUnaryCall<Request, Answer>;

/** Makes an engine-side handler of an asynchronous function; a refusal becomes a message without secrets. */
function unary<Request, Answer>(work: (request: Request) => Promise<Answer> | Answer): Unary<Request, Answer> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => work(call.request))
      .then((answer) => callback(null, answer))
      .catch((error: unknown) => callback({ code: grpc.status.UNKNOWN, details: describe(error) }));
  };
}

/** Begins with the reason in brackets, by which `local/private-server.ts` tells quota and outage from other failures. */
function describe(error: unknown): string {
  if (error instanceof CloudError) return `[cloud:${error.code}] ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** Type token of a resource: the last type of its urn `urn:pulumi:<stack>::<project>::<parents$type>::<name>`. */
function kindOf(urn: string): ResourceKind {
  const type = urn.split('::')[2]?.split('$').at(-1) ?? '';
  const kind = resourceKinds[type];
  if (!kind) throw new Error(`unknown resource type ${type}`);
  return kind;
}

function plain(struct: Parameters<typeof fromStruct>[0]): Properties {
  return unwrap(fromStruct(struct)) as Properties;
}

/** Serves on a free loopback port, which it answers with; needs LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN. */
export async function serveProvider(env: NodeJS.ProcessEnv): Promise<number> {
  const { LOCAL_CLOUD_URL: url, LOCAL_CLOUD_TOKEN: token } = env;
  let client: CloudClient | undefined;
  function cloud(): CloudClient {
    if (!url || !token) throw new Error('LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN must be set');
    client ??= createCloudClient({ url, token });
    return client;
  }

  const handlers: grpc.UntypedServiceImplementation = {
    getPluginInfo: unary(() => {
      const info = new plugins.PluginInfo();
      info.setVersion('1.0.0');
      return info;
    }),
    configure: unary(() => {
      const answer = new messages.ConfigureResponse();
      answer.setAcceptsecrets(true);
      answer.setAcceptresources(true);
      answer.setAcceptoutputs(true);
      return answer;
    }),
    getSchema: unary(() => {
      const answer = new messages.GetSchemaResponse();
      answer.setSchema('{}');
      return answer;
    }),
    attach: unary(() => new empty.Empty()),
    cancel: unary(() => new empty.Empty()),

    check: unary((request: InstanceType<typeof messages.CheckRequest>) => {
      const kind = kindOf(request.getUrn());
      const answer = new messages.CheckResponse();
      // The inputs go back as they came, so that secrets stay wrapped.
      answer.setInputs(request.getNews() ?? toStruct({}));
      answer.setFailuresList(
        kind.check(plain(request.getNews()), plain(request.getOlds())).map(({ property, reason }) => {
          const failure = new messages.CheckFailure();
          failure.setProperty(property);
          failure.setReason(reason);
          return failure;
        }),
      );
      return answer;
    }),

    diff: unary((request: InstanceType<typeof messages.DiffRequest>) => {
      const { replaces, updates } = differenceOf(request);
      const answer = new messages.DiffResponse();
      const { DiffChanges } = messages.DiffResponse;
      const changed = [...replaces, ...updates];
      answer.setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
      answer.setDiffsList(changed);
      answer.setReplacesList(replaces);
      // Names, volumes and addresses belong to one object at a time.
      answer.setDeletebeforereplace(replaces.length > 0);
      answer.setHasdetaileddiff(true);
      const { Kind } = messages.PropertyDiff;
      for (const name of changed) {
        const detail = new messages.PropertyDiff();
        detail.setKind(replaces.includes(name) ? Kind.UPDATE_REPLACE : Kind.UPDATE);
        detail.setInputdiff(name !== 'state');
        answer.getDetaileddiffMap().set(name, detail);
      }
      return answer;
    }),

    create: unary(async (request: InstanceType<typeof messages.CreateRequest>) => {
      const urn = request.getUrn();
      const { id, outputs } = await kindOf(urn).create(cloud(), urn, plain(request.getProperties()));
      const answer = new messages.CreateResponse();
      answer.setId(id);
      answer.setProperties(toStruct(outputs));
      return answer;
    }),

    read: unary(async (request: InstanceType<typeof messages.ReadRequest>) => {
      const found = await kindOf(request.getUrn()).read(cloud(), request.getId());
      const answer = new messages.ReadResponse();
      // An empty id tells the engine that the object is gone.
      if (!found) return answer;
      answer.setId(request.getId());
      answer.setProperties(toStruct(found.outputs));
      // A refresh brings the inputs of the state; an import has none yet.
      const isImport = Object.keys(fromStruct(request.getInputs())).length === 0;
      answer.setInputs(isImport ? toStruct(found.inputs) : request.getInputs());
      return answer;
    }),

    update: unary(async (request: InstanceType<typeof messages.UpdateRequest>) => {
      const { updates } = differenceOf(request);
      const kind = kindOf(request.getUrn());
      const outputs = await kind.update(cloud(), request.getId(), plain(request.getNews()), updates);
      const answer = new messages.UpdateResponse();
      answer.setProperties(toStruct(outputs));
      return answer;
    }),

    delete: unary(async (request: InstanceType<typeof messages.DeleteRequest>) => {
      await cloud().remove(kindOf(request.getUrn()).kind, request.getId());
      return new empty.Empty();
    }),
  };

  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  server.addService(services.ResourceProviderService, handlers);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function differenceOf(
  request: InstanceType<typeof messages.DiffRequest> | InstanceType<typeof messages.UpdateRequest>,
) {
  const ignored = request.getIgnorechangesList();
  const { replaces, updates } = kindOf(request.getUrn()).diff(
    plain(request.getOlds()),
    plain(request.getOldInputs()),
    plain(request.getNews()),
  );
  const counts = (name: string) => !ignored.includes(name);
  return { replaces: replaces.filter(counts), updates: updates.filter(counts) };
}
