/** Resource types that our programs for DigitalOcean use, by short name. */
export const types = {
  network: 'digitalocean:index/vpc:Vpc',
  tag: 'digitalocean:index/tag:Tag',
  firewall: 'digitalocean:index/firewall:Firewall',
  balancer: 'digitalocean:index/loadBalancer:LoadBalancer',
  address: 'digitalocean:index/reservedIp:ReservedIp',
  addressAssignment: 'digitalocean:index/reservedIpAssignment:ReservedIpAssignment',
  record: 'digitalocean:index/dnsRecord:DnsRecord',
  domain: 'digitalocean:index/domain:Domain',
  volume: 'digitalocean:index/volume:Volume',
  snapshot: 'digitalocean:index/volumeSnapshot:VolumeSnapshot',
  volumeAttachment: 'digitalocean:index/volumeAttachment:VolumeAttachment',
  droplet: 'digitalocean:index/droplet:Droplet',
} as const;
