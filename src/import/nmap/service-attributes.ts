/** Attributes of nmap's `service` elements, and the details of a service that they hold. */
export const serviceAttributes = [
  ['product', 'product'],
  ['version', 'version'],
  ['extrainfo', 'extra_info'],
  ['hostname', 'hostname'],
  ['ostype', 'os_type'],
  ['devicetype', 'device_type'],
] as const;
