/** Fields about the software behind a port; `cpe` is one or several, separated by spaces. */
export const softwareDetails = ['product', 'vendor', 'version', 'extra_info', 'cpe'] as const;

/** Fields about a service other than its name: the software, then its machine. */
export const serviceDetails = [...softwareDetails, 'hostname', 'os_type', 'device_type'] as const;

export type SoftwareDetail = (typeof softwareDetails)[number];
