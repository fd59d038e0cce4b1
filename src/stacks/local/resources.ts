import { CustomResource, type CustomResourceOptions, type Input, type Output } from '@pulumi/pulumi';

/** The resources of the provider `freehold-local` as a Pulumi program declares them. */

type Tags = Input<Record<string, Input<string>>>;

export class Address extends CustomResource {
  declare readonly address: Output<string>;

  constructor(
    name: string,
    args: { name: Input<string>; region: Input<string>; tags: Tags },
    options: CustomResourceOptions,
  ) {
    super('freehold-local:index:Address', name, { ...args, address: undefined }, options);
  }
}

export class DnsRecord extends CustomResource {
  constructor(
    name: string,
    args: { name: Input<string>; address: Input<string>; ttl: Input<number>; tags: Tags },
    options: CustomResourceOptions,
  ) {
    super('freehold-local:index:Record', name, args, options);
  }
}

export class Volume extends CustomResource {
  constructor(
    name: string,
    args: { name: Input<string>; region: Input<string>; zone: Input<string>; sizeGib: Input<number>; tags: Tags },
    options: CustomResourceOptions,
  ) {
    super('freehold-local:index:Volume', name, args, options);
  }
}

export class Host extends CustomResource {
  constructor(
    name: string,
    args: {
      name: Input<string>;
      region: Input<string>;
      zone: Input<string>;
      size: Input<string>;
      image: Input<string>;
      /** Both are set on the serving machine, and on no other. */
      volumeId: Input<string> | undefined;
      addressId: Input<string> | undefined;
      userData: Input<string>;
      tags: Tags;
    },
    options: CustomResourceOptions,
  ) {
    super('freehold-local:index:Host', name, { ...args, state: undefined, address: undefined }, options);
  }
}
