import grpc from '@grpc/grpc-js';
import plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import services from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { fromStruct, type Properties, toStruct, unwrap } from './properties.ts';

/**
 * The engine's resource provider protocol (pulumi/pulumi, proto/pulumi/provider.proto). Served directly instead of by
 * the SDK's provider class, which hides the old inputs and the provider's own configuration, cannot distinguish an
 * update from a replacement by property, and takes three times as long to load.
 */

/** The result of comparing the state with the new inputs. */
export interface Difference {
  /** Properties whose change needs a new object. */
  replaces: string[];
  /** Properties that change in place. */
  updates: string[];
}

export interface Problem {
  /** Empty if it concerns the whole resource. */
  property: string;
  reason: string;
}

/** The provider's work; property bags are plain, without the engine's markers for secrets and unknown values. */
export interface ProviderWork {
  version: string;
  /** Whether inputs may be returned with the engine's secret markers; otherwise the engine marks outputs by name. */
  keepsSecrets: boolean;
  /** Whether the old object is deleted before its replacement is created, unless the program says otherwise. */
  deletesBeforeReplacing: boolean;
  configure?(settings: Properties): void;
  /** Sentences about inputs that the cloud would refuse; unknown inputs are undefined. */
  check(type: string, news: Properties, olds: Properties): Problem[] | Promise<Problem[]>;
  /** `olds` are the properties in the state, `oldInputs` the inputs that led to them. */
  diff(type: string, states: { olds: Properties; oldInputs: Properties; news: Properties }): Difference;
  create(type: string, urn: string, inputs: Properties): Promise<{ id: string; outputs: Properties }>;
  /**
   * Null if the object is gone. `known` are the inputs in the state, none for an import; `inputs` are those that would
   * create the object as it is, null to keep the state's.
   */
  read(type: string, id: string, known: Properties): Promise<{ outputs: Properties; inputs: Properties | null } | null>;
  update(type: string, id: string, news: Properties, changed: string[]): Promise<Properties>;
  remove(type: string, id: string): Promise<void>;
  invoke?(token: string, args: Properties): Promise<Properties>;
  /** A failure in words, without secrets. */
  describe(error: unknown): string;
}

/** Type token of a resource: the last type of its urn `urn:pulumi:<stack>::<project>::<parents$type>::<name>`. */
function typeOf(urn: string): string {
  return urn.split('::')[2]?.split('$').at(-1) ?? '';
}

function plain(struct: Parameters<typeof fromStruct>[0]): Properties {
  return unwrap(fromStruct(struct)) as Properties;
}

/** Serves on a free loopback port, which it returns. */
export async function serveProvider(work: ProviderWork): Promise<number> {
  /** Wraps an asynchronous function as a gRPC handler. */
  function unary<Request, Answer>(
    handle: (request: Request) => Promise<Answer> | Answer,
  ): grpc.handleUnaryCall<Request, Answer> {
    return (call, callback) => {
      Promise.resolve()
        .then(() => handle(call.request))
        .then((answer) => callback(null, answer))
        .catch((error: unknown) => callback({ code: grpc.status.UNKNOWN, details: work.describe(error) }));
    };
  }

  function differenceOf(
    request: InstanceType<typeof messages.DiffRequest> | InstanceType<typeof messages.UpdateRequest>,
  ): Difference {
    const ignored = request.getIgnorechangesList();
    const { replaces, updates } = work.diff(typeOf(request.getUrn()), {
      olds: plain(request.getOlds()),
      oldInputs: plain(request.getOldInputs()),
      news: plain(request.getNews()),
    });
    const counts = (name: string) => !ignored.includes(name);
    return { replaces: replaces.filter(counts), updates: updates.filter(counts) };
  }

  const handlers: grpc.UntypedServiceImplementation = {
    getPluginInfo: unary(() => {
      const info = new plugins.PluginInfo();
      info.setVersion(work.version);
      return info;
    }),
    configure: unary((request: InstanceType<typeof messages.ConfigureRequest>) => {
      work.configure?.(plain(request.getArgs()));
      const answer = new messages.ConfigureResponse();
      answer.setAcceptsecrets(work.keepsSecrets);
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

    check: unary(async (request: InstanceType<typeof messages.CheckRequest>) => {
      const answer = new messages.CheckResponse();
      // The inputs are returned unchanged, so that secrets stay wrapped.
      answer.setInputs(request.getNews() ?? toStruct({}));
      const problems = await work.check(typeOf(request.getUrn()), plain(request.getNews()), plain(request.getOlds()));
      answer.setFailuresList(
        problems.map(({ property, reason }) => {
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
      answer.setDeletebeforereplace(work.deletesBeforeReplacing && replaces.length > 0);
      answer.setHasdetaileddiff(true);
      const { Kind } = messages.PropertyDiff;
      const inputs = fromStruct(request.getNews());
      for (const name of changed) {
        const detail = new messages.PropertyDiff();
        detail.setKind(replaces.includes(name) ? Kind.UPDATE_REPLACE : Kind.UPDATE);
        // Anything that is not an input is known only to the cloud.
        detail.setInputdiff(name in inputs);
        answer.getDetaileddiffMap().set(name, detail);
      }
      return answer;
    }),

    create: unary(async (request: InstanceType<typeof messages.CreateRequest>) => {
      const urn = request.getUrn();
      const { id, outputs } = await work.create(typeOf(urn), urn, plain(request.getProperties()));
      const answer = new messages.CreateResponse();
      answer.setId(id);
      answer.setProperties(toStruct(outputs));
      return answer;
    }),

    read: unary(async (request: InstanceType<typeof messages.ReadRequest>) => {
      const known = plain(request.getInputs());
      const found = await work.read(typeOf(request.getUrn()), request.getId(), known);
      const answer = new messages.ReadResponse();
      // An empty id tells the engine that the object is gone.
      if (!found) return answer;
      answer.setId(request.getId());
      answer.setProperties(toStruct(found.outputs));
      answer.setInputs(found.inputs === null ? request.getInputs() : toStruct(found.inputs));
      return answer;
    }),

    update: unary(async (request: InstanceType<typeof messages.UpdateRequest>) => {
      const { updates } = differenceOf(request);
      const type = typeOf(request.getUrn());
      const outputs = await work.update(type, request.getId(), plain(request.getNews()), updates);
      const answer = new messages.UpdateResponse();
      answer.setProperties(toStruct(outputs));
      return answer;
    }),

    delete: unary(async (request: InstanceType<typeof messages.DeleteRequest>) => {
      await work.remove(typeOf(request.getUrn()), request.getId());
      return new empty.Empty();
    }),

    invoke: unary(async (request: InstanceType<typeof messages.InvokeRequest>) => {
      if (!work.invoke) throw new Error(`unknown function ${request.getTok()}`);
      const answer = new messages.InvokeResponse();
      answer.setReturn(toStruct(await work.invoke(request.getTok(), plain(request.getArgs()))));
      return answer;
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
